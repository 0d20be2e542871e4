import { html, useRef } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { IconButton } from "../elements.js";

/**
 * The ways to add a picture or a file: buttons, or one button with a menu where there is no room. `more`: other
 * items of that menu.
 */
export function Attach({ sender, more = [] }) {
  const { t, layers } = useApp();
  const pictures = useRef(null);
  const photo = useRef(null);
  const files = useRef(null);
  // Telephones have a camera of their own for this, which also works without a secure address.
  const camera = () => (matchMedia("(hover: hover)").matches ? sender.camera() : photo.current.click());
  const ways = [
    { icon: "image", label: t("picture.choose"), run: () => pictures.current.click() },
    { icon: "camera", label: t("picture.take"), run: camera },
    { icon: "clip", label: t("file.choose"), run: () => files.current.click() },
  ];
  const taken = (event) => {
    const input = event.currentTarget;
    sender.open([...input.files]);
    input.value = "";
  };
  const menu = (event) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    layers.openMenu({ items: [...ways, ...more], label: t("upload.add"), at: { x: left, y: top } });
  };
  return html`
    <${IconButton} class="only-s" icon="plus" label=${t("upload.add")} aria-haspopup="menu" onClick=${menu} />
    ${ways.map(
      ({ icon, label, run }) => html`<${IconButton} key=${icon} class="hide-s" icon=${icon} label=${label} onClick=${run} />`,
    )}
    <input ref=${pictures} type="file" accept="image/*" multiple hidden onChange=${taken} />
    <input ref=${photo} type="file" accept="image/*" capture="environment" hidden onChange=${taken} />
    <input ref=${files} type="file" multiple hidden onChange=${taken} />
  `;
}
