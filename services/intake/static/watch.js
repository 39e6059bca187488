// Counts arrive while the page is open; without script, a reload shows them.
const live = document.getElementById("live");
const seconds = Number(live.dataset.again);

async function again() {
  // Who is about to press a button in it keeps it under the finger.
  if (document.visibilityState !== "visible" || live.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    if (!answer.ok || !fresh) return;
    live.replaceChildren(...fresh.childNodes);
    if (!fresh.dataset.again) clearInterval(timer);
  } catch {
    // Away for a moment: what is shown says when it was counted.
  }
}

const timer = seconds && setInterval(again, seconds * 1000);
