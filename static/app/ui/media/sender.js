import { useEffect, useMemo, useRef } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { whenIdle } from "../idle.js";
import { lazy } from "../lazy.js";

const loadDialog = () => import("./send-dialog.js");
const SendDialog = lazy(loadDialog, "SendDialog", ["send"]);
const CameraDialog = lazy(() => import("./camera.js"), "CameraDialog", ["send"]);

/** Sends files from a chat: `open(files)` shows them first, `camera()` takes a picture. */
export function useSender({ conv, about, handle }) {
  const app = useApp();
  const { client, layers } = app;
  const self = useRef(null);
  useEffect(() => {
    // Here before it is asked for, so that it also is when the connection is gone.
    whenIdle().then(() => Promise.all([loadDialog(), client.loadFiles(), import("./recorder.js"), import("../chat/clipboard.js")]).catch(() => {}));
  }, []);
  self.current = useMemo(
    () => ({
      open(files) {
        if (!files.length) return;
        const { replyTo } = about.value;
        const sent = () => {
          handle.current?.sent();
          if (!about.value.editing) about.value = { replyTo: null, editing: null };
        };
        const caption = about.value.editing ? "" : (handle.current?.text() ?? "");
        layers.open(SendDialog, { conv, files: [...files], caption, replyTo: replyTo?.seq ?? null, sent });
      },
      camera() {
        layers.open(CameraDialog, { onPicture: (file) => self.current.open([file]) });
      },
    }),
    [conv],
  );
  return self.current;
}

/** Files of what is pasted; not the picture that some programs add to a text or a table. */
export function pastedFiles({ clipboardData }) {
  if (!clipboardData || clipboardData.getData("text/plain").trim()) return [];
  return [...clipboardData.files];
}
