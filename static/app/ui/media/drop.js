import { listen } from "../listen.js";

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/**
 * Files that are dropped on `element.current` are given to `take.current`, null where none are taken; the signal `over`
 * is whether some hang over it now. What is dropped beside it does nothing, where a browser would leave the page for
 * it. Answers how to end it.
 */
export function followDrop(element, over, take) {
  const within = (event) => Boolean(take.current) && element.current?.contains(event.target);
  return listen(window, {
    dragover(event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = within(event);
      event.dataTransfer.dropEffect = over.value ? "copy" : "none";
    },
    dragleave: (event) => event.relatedTarget === null && (over.value = false),
    drop(event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = false;
      if (within(event)) take.current([...event.dataTransfer.files]);
    },
  });
}
