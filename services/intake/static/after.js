// After an answer: the device forgets what was typed, and codes can be copied.

const { survey } = document.getElementById("after").dataset;
try {
  if (survey) localStorage.removeItem(`groundswell ${survey}`);
} catch {
  // Nothing was kept where nothing can be.
}

const button = document.querySelector("[data-copy]");
button.hidden = !navigator.clipboard;
button.addEventListener("click", async () => {
  const codes = [...document.querySelectorAll("[data-copied]")].map((each) => each.textContent);
  await navigator.clipboard.writeText(codes.join("\n"));
  button.textContent = button.dataset.done;
});
