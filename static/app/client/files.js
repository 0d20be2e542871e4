import { signal } from "../../vendor/preact.js";
import { FAILED, PATIENCE_MS, PAUSE_MS, WAITING, isUnsent } from "../core/outbox.js";
import { RequestError } from "../core/socket.js";
import { upload } from "../data/upload.js";

/** Bytes of files that may wait at once in one browser. */
export const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Files just sent that are shown from memory, so that nothing is fetched that was here before. */
const MAX_KEPT = 20;

/** Other tabs hear at most this often how far an upload has come, in ms. */
const TELL_MS = 500;

/** Codes after which an upload may do well a little later. */
const PASSING = new Set(["unreachable", "unavailable", "overloaded", "rate_limited"]);

/**
 * Uploads the files of messages, one after the other over all tabs, so that each has the whole
 * line; what is written meanwhile goes out ahead of them. What waits lies in the outbox with its
 * bytes and survives a reload.
 */
export class Files {
  constructor(client, uploadFile = upload) {
    Object.assign(this, { client, uploadFile });
    this.kept = new Map();
    this.progress = new Map();
    this.current = null;
    this.running = false;
    this.lap = false;
  }

  /** Send a file with a message; `file` is what is known of it. Throws `outbox_full`. */
  async send(conv, { blob, file, media, text = "", replyTo = null }) {
    let bytes = blob.size;
    for (const item of this.client.outbox.byKey.values()) bytes += item.blob?.size ?? 0;
    if (bytes > MAX_WAITING_BYTES) throw new RequestError("outbox_full");
    return this.client.post(conv, { media, text, replyTo, file: { ...file, size: blob.size }, blob });
  }

  /** Upload a picture that is to be an avatar or icon; its id. */
  async sendSquare(blob) {
    const { id } = await this.#upload({ blob, type: blob.type, about: { square: true } });
    return id;
  }

  /** How many bytes of an item have gone out; null while it waits for its turn. */
  sent(key) {
    if (!this.progress.has(key)) this.progress.set(key, signal(null));
    return this.progress.get(key);
  }

  /** Stop an upload and forget the message. */
  async cancel(key) {
    if (this.current?.key === key) this.current.stop.abort();
    await this.client.outbox.cancel(key);
    this.client.tabs.say({ type: "outbox" });
  }

  /** The bytes of a file that was sent from here a moment ago. */
  bytesOf(file) {
    return this.kept.get(file?.id) ?? null;
  }

  /** An item has been stored: its bytes need not be fetched. */
  keep({ blob, file }) {
    if (!blob) return;
    this.kept.set(file.id, blob);
    for (const id of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(id);
    }
  }

  /** Upload all that waits. One run at a time; a call meanwhile adds a lap. */
  async run() {
    this.lap = true;
    if (this.running) return;
    this.running = true;
    try {
      while (this.lap && this.client.connection.online) {
        this.lap = false;
        await this.client.tabs.lock("uploads", () => this.#all());
      }
    } finally {
      this.running = false;
    }
  }

  async #all() {
    const { outbox, connection } = this.client;
    const tried = new Set();
    while (connection.online) {
      const next = (await outbox.store.all())
        .filter((item) => item.state === WAITING && isUnsent(item) && !tried.has(item.key))
        .sort((one, other) => one.created - other.created)[0];
      if (!next) return;
      tried.add(next.key);
      await this.#one(next);
      this.progress.delete(next.key);
      this.client.tabs.say({ type: "outbox" });
    }
  }

  async #one(item) {
    const { outbox, clock, connection } = this.client;
    const stop = new AbortController();
    this.current = { key: item.key, stop };
    const { name, type, duration_ms: duration, waveform } = item.file;
    const about = name ? { name } : {};
    if (duration) about.duration_ms = duration;
    if (waveform) about.waveform = waveform.join();
    let moved = clock.now();
    let told = -TELL_MS;
    const onProgress = (sent) => {
      moved = clock.now();
      this.sent(item.key).value = sent;
      if (moved - told >= TELL_MS) {
        told = moved;
        this.client.tabs.say({ type: "progress", key: item.key, sent });
      }
      // Another tab has given it up.
      if (!outbox.byKey.has(item.key)) stop.abort();
    };
    for (;;) {
      try {
        const file = await this.#upload({ blob: item.blob, type, about, signal: stop.signal, onProgress });
        await outbox.change(item.key, { file: shown(file) });
        return;
      } catch (error) {
        if (stop.signal.aborted || !connection.online) return;
        this.sent(item.key).value = null;
        if (PASSING.has(error.code) && clock.now() - moved < PATIENCE_MS) {
          await new Promise((resolve) => clock.setTimeout(resolve, error.retryAfter ?? PAUSE_MS));
          if (stop.signal.aborted || !connection.online) return;
          continue;
        }
        const code = error.code === "unreachable" ? "unavailable" : (error.code ?? "internal");
        await outbox.change(item.key, { state: FAILED, code, message: error.message });
        return;
      }
    }
  }

  async #upload(request) {
    const { api } = this.client;
    try {
      return await this.uploadFile({ ...request, token: api.token() });
    } catch (error) {
      // The session is over, and whoever asks hears so.
      if (error.code === "unauthorized") api.get("/me").catch(() => {});
      throw error;
    }
  }
}

/** What a message shows of an uploaded file. */
function shown({ id, name, type, size, width, height, thumbnail, duration_ms, waveform }) {
  return { id, name, type, size, width, height, thumbnail, duration_ms, waveform };
}
