// Counts arrive while the page is open; without script, a reload shows them.
const live = document.getElementById("live");
const seconds = Number(live.dataset.again);

async function again() {
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (answer.ok && fresh) live.replaceChildren(...fresh.childNodes);
    } catch {
      // Away for a moment: what is shown says when it was counted.
    }
  }
}

if (seconds) setInterval(again, seconds * 1000);
