// Swagger UI on this node's own documents; nothing is asked of another host.

// Its style sheet knows dark by a class.
const root = document.documentElement;
const { theme } = root.dataset;
const dark = theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
root.classList.toggle("dark-mode", dark);

const cookie = (name) =>
  document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);

globalThis.SwaggerUIBundle({
  domNode: document.getElementById("swagger"),
  url: "/api/openapi.json",
  validatorUrl: null,
  deepLinking: true,
  requestInterceptor(request) {
    // Whoever is logged in here is known by a cookie, and shows that the page is ours.
    const token = cookie("__Host-_xsrf") ?? cookie("_xsrf");
    if (token && request.method !== "GET") request.headers["X-XSRFToken"] = token;
    return request;
  },
});
