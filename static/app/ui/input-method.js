/** Whether this key belongs to the input method: it is choosing characters, not sending. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}
