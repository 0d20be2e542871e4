import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Dialog } from "../layer-views.js";

/** What is asked of a camera; it gives what it can. */
const WANTED = { video: { width: { ideal: 1920 }, height: { ideal: 1080 }, facingMode: "environment" } };
const QUALITY = 0.9;

/** Take a picture with the camera of this computer. */
export function CameraDialog({ onPicture, close }) {
  const { t, client } = useApp();
  const video = useRef(null);
  const [state, setState] = useState(navigator.mediaDevices ? "asking" : "insecure");
  useEffect(() => {
    if (!navigator.mediaDevices) return undefined;
    let stream = null;
    let over = false;
    const end = () => stream?.getTracks().forEach((track) => track.stop());
    navigator.mediaDevices.getUserMedia(WANTED).then(
      (given) => {
        stream = given;
        if (over) end();
        else video.current.srcObject = stream;
      },
      (error) => over || setState(error.name === "NotAllowedError" ? "refused" : "none"),
    );
    return () => {
      over = true;
      end();
    };
  }, []);
  const take = async () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.current.videoWidth;
    canvas.height = video.current.videoHeight;
    canvas.getContext("2d").drawImage(video.current, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    close();
    if (blob) onPicture(new File([blob], `${t("picture.camera_name")}.jpg`, { type: blob.type }));
  };
  const words = { insecure: "camera.insecure", refused: "camera.refused", none: "camera.none" }[state];
  return html`<${Dialog} title=${t("picture.take")} close=${close} class="camera">
    <div class="db">
      ${words
        ? html`<p class="err" role="alert"><${Icon} name="alert" size="s" /><span>${t(words)}
            ${state === "insecure" && client.boot.trust && html`${" "}<a href=${client.boot.trust}>${t("plain.how")}</a>`}</span></p>`
        : html`<video ref=${video} autoplay muted playsinline aria-label=${t("camera.live")} onLoadedData=${() => setState("ready")}></video>`}
    </div>
    <footer class="da">
      <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
      ${!words &&
      html`<button type="button" class="btn primary" disabled=${state !== "ready"} onClick=${take}>
        <${Icon} name="camera" />${t("camera.shoot")}</button>`}
    </footer>
  <//>`;
}
