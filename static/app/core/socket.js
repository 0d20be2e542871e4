import { retryDelay, wishedDelay } from "./backoff.js";

/** Why a request got no `ok`: `code` is the server's, or one of disconnected, timeout, busy. */
export class RequestError extends Error {
  constructor(code, message = code, { retryAfter = null, field = null } = {}) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
    this.field = field;
  }
}

const PING_MS = 10_000;
export const DEAD_AFTER_MS = 35_000;
const REQUEST_MS = 30_000;
const CHECK_MS = 1_500;
/** Requests that may wait for an answer at once; more are refused as busy. */
export const MAX_REQUESTS = 500;
/** Close codes after which coming back is useless: the session is over. */
const SESSION_OVER = 4001;

/**
 * One connection to a node that comes back by itself.
 *
 * It opens sockets with `open()` (anything with the browser's WebSocket interface), tells
 * `onState({name, retryAt?, code?})` with name connecting, online, waiting, ended or closed, and
 * gives every frame that is no answer to `onFrame`. `online` is told only after the node's
 * `welcome`. Times are milliseconds.
 */
export class Connection {
  constructor({ open, clock, onFrame, onState, onRoundTrip = () => {}, random = Math.random }) {
    Object.assign(this, { open, clock, onFrame, onState, onRoundTrip, random });
    this.state = { name: "closed" };
    this.socket = null;
    this.attempt = 0;
    this.nextId = 1;
    this.requests = new Map();
    this.retryTimer = null;
    this.pingTimer = null;
    this.heard = 0;
    this.wait = null;
  }

  get online() {
    return this.state.name === "online";
  }

  start() {
    if (this.state.name === "closed") this.#dial();
  }

  /** Try at once instead of waiting for the next turn. */
  retryNow() {
    if (this.state.name === "waiting") this.#dial();
  }

  /** Ask whether the link still lives; without an answer in time, begin anew. */
  check(patience = CHECK_MS) {
    if (this.state.name === "waiting") this.retryNow();
    else if (this.online) this.#ping(patience);
  }

  close() {
    this.#drop({ name: "closed" });
  }

  /** Send without waiting for an answer; false when there is no link. */
  send(frame) {
    if (!this.online) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Send and wait for `ok`; rejects with a RequestError. */
  request(frame, timeout = REQUEST_MS) {
    if (!this.online) return Promise.reject(new RequestError("disconnected"));
    if (this.requests.size >= MAX_REQUESTS) return Promise.reject(new RequestError("busy"));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimeout(() => {
        this.requests.delete(id);
        reject(new RequestError("timeout"));
      }, timeout);
      this.requests.set(id, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ ...frame, id }));
    });
  }

  #dial() {
    this.clock.clearTimeout(this.retryTimer);
    this.#tell({ name: "connecting" });
    let socket;
    try {
      socket = this.open();
    } catch {
      this.#retry();
      return;
    }
    this.socket = socket;
    this.heard = this.clock.now();
    this.#schedulePing();
    socket.onmessage = (event) => socket === this.socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.socket && this.#closed(event);
    socket.onerror = () => {};
  }

  #receive(data) {
    this.heard = this.clock.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.op === "ok" || frame.op === "error") {
      this.#answer(frame);
      return;
    }
    if (frame.op === "bye") this.wait = frame.retry_after;
    if (frame.op === "welcome") {
      this.attempt = 0;
      this.#tell({ name: "online" });
      this.onFrame(frame);
      this.#ping(DEAD_AFTER_MS);
      return;
    }
    this.onFrame(frame);
  }

  #answer(frame) {
    const request = this.requests.get(frame.id);
    if (!request) {
      // Instead of a welcome: the node has no room now, and hangs up.
      if (!this.online && frame.retry_after)
        this.wait = wishedDelay(frame.retry_after, this.random);
      return;
    }
    this.requests.delete(frame.id);
    this.clock.clearTimeout(request.timer);
    if (frame.op === "ok") request.resolve(frame);
    else {
      const { code, message, retry_after: retryAfter, field } = frame;
      request.reject(new RequestError(code, message, { retryAfter, field }));
    }
  }

  #closed(event) {
    if (event.code === SESSION_OVER) this.#drop({ name: "ended", code: event.code });
    else this.#retry(event.code);
  }

  #retry(code) {
    const delay = this.wait ?? retryDelay(this.attempt, this.random);
    this.wait = null;
    this.attempt += 1;
    this.#drop({ name: "waiting", code, retryAt: this.clock.now() + delay });
    this.retryTimer = this.clock.setTimeout(() => this.#dial(), delay);
  }

  #drop(state) {
    this.clock.clearTimeout(this.retryTimer);
    this.clock.clearTimeout(this.pingTimer);
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const waiting = [...this.requests.values()];
    this.requests.clear();
    this.#tell(state);
    for (const request of waiting) {
      this.clock.clearTimeout(request.timer);
      request.reject(new RequestError("disconnected"));
    }
  }

  #schedulePing() {
    this.clock.clearTimeout(this.pingTimer);
    this.pingTimer = this.clock.setTimeout(() => {
      if (this.clock.now() - this.heard > DEAD_AFTER_MS) this.#retry();
      else if (this.online) this.#ping(DEAD_AFTER_MS);
      else this.#schedulePing();
    }, PING_MS);
  }

  #ping(timeout) {
    const socket = this.socket;
    const sent = this.clock.now();
    this.#schedulePing();
    this.request({ op: "ping" }, timeout).then(
      () => this.onRoundTrip(this.clock.now() - sent),
      (error) => error.code === "timeout" && socket === this.socket && this.#retry(),
    );
  }

  #tell(state) {
    this.state = state;
    this.onState(state);
  }
}
