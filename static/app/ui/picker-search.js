import { isComposing } from "./input-method.js";

/** Enter in the search of a picker leads to the first that was found, which Space takes: it sends no form. */
export function toFirstFound(event) {
  if (event.key !== "Enter" || event.target.type !== "search" || isComposing(event)) return;
  event.preventDefault();
  event.currentTarget.querySelector(".picks input:not(:disabled)")?.focus();
}
