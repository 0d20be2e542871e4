/** Listens to what happens to `target`, `{name: listener}`; answers how to end it. */
export function listen(target, listeners, options) {
  for (const [name, listener] of Object.entries(listeners)) target.addEventListener(name, listener, options);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) target.removeEventListener(name, listener, options);
  };
}
