import { PAUSES_MS, again } from "../core/again.js";

/** Why an HTTP request was refused: the node's code, sentence and field; 0 as status: no answer. */
export class ApiError extends Error {
  constructor(status, { error = "unreachable", message = error, field = null, retry_after = null }) {
    super(message);
    this.status = status;
    this.code = error;
    this.field = field;
    this.retryAfter = retry_after;
  }
}

/** Longest wait for an answer, in ms. */
const PATIENCE_MS = 15_000;

/**
 * The JSON interface under `/api`. Every method answers the `data` of the envelope or throws an
 * ApiError. The XSRF token is read from its cookie at each call, so a renewed one is used.
 */
export function createApi({ fetch, cookie, onUnauthorized }) {
  async function call(method, path, body, options = {}) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-XSRFToken"] = readToken(cookie());
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    let answer;
    const send = async () => {
      response = null;
      response = await fetch(`/api${path}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...options,
      });
      answer = await response.json();
    };
    // Nobody knows whether the node has done what got no answer; asking does no harm.
    const pauses = method === "GET" ? PAUSES_MS : [];
    try {
      await again(send, { pauses, mayPass: (error) => error.name !== "TimeoutError" });
    } catch {
      throw new ApiError(response?.status ?? 0, {});
    }
    if (response.status === 401 && answer.error === "unauthorized") onUnauthorized();
    if (!response.ok || answer.code !== 0) throw new ApiError(response.status, answer);
    return answer.data;
  }
  return {
    get: (path) => call("GET", path),
    post: (path, body = {}, options) => call("POST", path, body, options),
    patch: (path, body) => call("PATCH", path, body),
    put: (path, body = {}) => call("PUT", path, body),
    delete: (path, body) => call("DELETE", path, body),
    token: () => readToken(cookie()),
  };
}

/** Over TLS the cookie has the guarded name, and no other counts. */
const readToken = (cookies) => readCookie(cookies, "__Host-_xsrf") || readCookie(cookies, "_xsrf");

function readCookie(cookies, name) {
  for (const part of cookies.split("; ")) {
    if (part.startsWith(`${name}=`)) return decodeURIComponent(part.slice(name.length + 1));
  }
  return "";
}
