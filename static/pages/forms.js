// What the log-in and registration pages gain with script; they work without it.

/** An eye beside each password that shows it. */
function addEyes() {
  for (const input of document.querySelectorAll("input[data-show]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ib sm";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${new URL("../icons.svg", import.meta.url).pathname}#eye`);
    svg.append(use);
    button.append(svg);
    const name = (shown) => {
      button.setAttribute("aria-label", shown ? input.dataset.hide : input.dataset.show);
      button.setAttribute("aria-pressed", String(shown));
      button.title = button.getAttribute("aria-label");
    };
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      name(shown);
      input.focus();
    });
    name(false);
    input.after(button);
  }
}

/** Say at once that the two passwords differ, and say no more when they agree. */
function compare(form) {
  const [first, second] = ["password", "repassword"].map((name) => form.elements[name]);
  const check = () => {
    const differ = second.value !== "" && first.value !== second.value;
    second.setCustomValidity(differ ? form.dataset.differ : "");
    second.closest(".inp").classList.toggle("bad", differ);
    second.toggleAttribute("aria-invalid", differ);
    let line = form.querySelector("#repassword-error");
    if (differ && !line) {
      line = document.createElement("p");
      line.id = "repassword-error";
      line.className = "err";
      second.closest(".field").append(line);
      second.setAttribute("aria-describedby", line.id);
    }
    if (line) line.textContent = differ ? form.dataset.differ : "";
  };
  second.addEventListener("blur", check);
  for (const input of [first, second]) {
    input.addEventListener("input", () => second.getAttribute("aria-invalid") !== null && check());
  }
  form.addEventListener("submit", check);
}

/** A second press while the answer is on its way sends nothing. */
function sendOnce(form) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    form.querySelector("button.primary")?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    sent = false;
    form.querySelector("button.primary")?.removeAttribute("aria-busy");
  });
}

addEyes();
for (const form of document.querySelectorAll("form[data-differ]")) {
  if (form.elements.repassword) compare(form);
}
for (const form of document.querySelectorAll("form[data-once]")) sendOnce(form);
document.querySelector(".sumerr")?.focus();
document.querySelector("details.guest")?.addEventListener("toggle", (event) => {
  if (event.currentTarget.open) event.currentTarget.querySelector("input[name=name]").focus();
});
// The account whose session this browser had was deleted, perhaps on another device.
const { departed } = document.querySelector(".auth").dataset;
if (departed) import("../app/data/forgetting.js").then(({ forgetAccount }) => forgetAccount(departed));
