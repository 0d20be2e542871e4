// The code that a further device logs in with stands behind #, where no server and no log sees it. With
// script it goes on from there by itself; without, it is typed.

const form = document.querySelector("#link-code");

function follow() {
  const code = location.hash.slice(1);
  if (!code) return;
  window.history.replaceState(null, "", location.pathname);
  form.elements.code.value = code;
  form.requestSubmit();
}

if (form) {
  follow();
  addEventListener("hashchange", follow);
}
