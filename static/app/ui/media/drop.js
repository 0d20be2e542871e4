import { useEffect, useState } from "../../../vendor/preact.js";

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/**
 * Files that are dropped on an element. Answers whether some hang over it now. What is dropped
 * beside it does nothing, where a browser would leave the page for it.
 */
export function useDrop(element, onFiles) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const within = (event) => Boolean(onFiles) && element.current?.contains(event.target);
    const onOver = (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const inside = within(event);
      event.dataTransfer.dropEffect = inside ? "copy" : "none";
      setOver(inside);
    };
    const onLeave = (event) => event.relatedTarget === null && setOver(false);
    const onDrop = (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      if (within(event)) onFiles([...event.dataTransfer.files]);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
    };
  });
  return over;
}
