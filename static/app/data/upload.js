import { ApiError } from "./api.js";

/** An upload that moves nothing for so long is given up, in ms. */
const STALL_MS = 60_000;

/**
 * Upload `blob` and resolve with the file as the node keeps it, or throw an ApiError.
 *
 * Args: `about` goes into the address (`name`, `square`, `duration_ms`, `waveform`); `type` tells a
 * recording from a film; `onProgress(sent)` counts bytes. By XMLHttpRequest, since `fetch` tells no
 * progress of what it sends.
 */
export function upload({ blob, type, about, token, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = null;
    const refuse = (answer = {}) => {
      clearTimeout(timer);
      reject(new ApiError(request.status, answer));
    };
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALL_MS);
    };
    request.open("POST", `/api/media?${new URLSearchParams(about)}`);
    request.responseType = "json";
    request.setRequestHeader("X-XSRFToken", token);
    request.setRequestHeader("Content-Type", type || "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => {
      watch();
      onProgress?.(loaded);
    };
    request.onload = () => {
      clearTimeout(timer);
      const answer = request.response ?? {};
      if (request.status < 300 && answer.code === 0) resolve(answer.data);
      else refuse(answer);
    };
    request.onerror = () => refuse();
    request.onabort = () => refuse();
    signal?.addEventListener("abort", () => request.abort());
    watch();
    request.send(blob);
  });
}
