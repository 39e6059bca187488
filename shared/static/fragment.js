// Hands what stands after the # of the address, which no server sees, to the form that asks for it.
const field = document.querySelector("input[data-from-fragment]");

function hand() {
  if (location.hash.length > 1) {
    field.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    field.form.requestSubmit();
  }
}

addEventListener("hashchange", hand);
hand();
