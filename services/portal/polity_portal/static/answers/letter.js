// The letter: printing it, and sending its photo in pieces that go on where the line broke (tus 1.0).
"use strict";
(() => {
  const root = document.documentElement, token = location.pathname.split("/")[3];
  const print = document.getElementById("print"), answer = document.getElementById("answer");
  root.classList.add("js");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  const long = new Intl.DateTimeFormat(root.lang.replace(/^en$/, "en-GB"), { dateStyle: "long", timeZone: "UTC" });
  // A field shows one line; what is printed shows all of it.
  const write = () => document.querySelectorAll("[data-written]").forEach((place) => {
    const field = answer.elements[place.dataset.written];
    if (field.type === "date") place.textContent = field.value && long.format(new Date(field.value));
    else place.textContent = field.selectedOptions ? field.value && field.selectedOptions[0].text : field.value;
  });
  addEventListener("beforeprint", write);
  matchMedia("print").addEventListener("change", write);
  answer.addEventListener("input", write);
  write();

  const PIECE = 131072, key = "upload-" + token.slice(-12), form = document.querySelector("form[data-upload]");
  const bar = form.querySelector("progress"), status = document.getElementById("upload"), button = form.querySelector("button");
  const say = (what) => {
    const words = status.dataset[what] || what;
    if (status.textContent !== words) status.textContent = words;
    status.dataset.state = what === "done" ? "saved" : what;
  };
  // By its content: telephones convert a photo anew, with another date, each time it is chosen.
  const digest = async (file) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()))].join();
  const call = (method, url, headers, body) => fetch(url, {
    method, body, signal: AbortSignal.timeout?.(60000),
    headers: { Authorization: "Link " + token, "Tus-Resumable": "1.0.0", "Accept-Language": root.lang, ...headers },
  });
  const pause = (milliseconds) => new Promise((go) => {
    setTimeout(go, milliseconds);
    addEventListener("online", go, { once: true });
  });

  async function patiently(step) {
    for (let wait = 1000; ; wait = Math.min(wait * 2, 30000)) {
      try {
        const heard = await step();
        if (heard.status < 500 && heard.status !== 429) return heard;
      } catch { /* the line: it is tried again */ }
      say("offline");
      await pause(wait);
    }
  }

  async function refused(heard) {
    const problem = await heard.json().catch(() => ({}));
    throw new Error(problem.title || heard.statusText);
  }

  const standing = (url) => patiently(() => call("HEAD", url, {}));

  async function begin(file) {
    const kept = JSON.parse(sessionStorage.getItem(key) || "null");
    const mark = await digest(file);
    if (kept && kept.mark === mark) {
      const heard = await standing(kept.url);
      if (heard.ok) return [kept.url, Number(heard.headers.get("Upload-Offset"))];
    }
    const once = crypto.randomUUID();
    const heard = await patiently(() => call("POST", "/v1/answer/proofs", { "Upload-Length": file.size, "Idempotency-Key": once }));
    if (!heard.ok) await refused(heard);
    const url = heard.headers.get("Location");
    sessionStorage.setItem(key, JSON.stringify({ url, mark }));
    return [url, 0];
  }

  async function send(file) {
    let [url, offset] = await begin(file);
    while (offset < file.size) {
      bar.value = offset / file.size;
      say("sending");
      const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
      let heard = await patiently(() => call("PATCH", url, headers, file.slice(offset, offset + PIECE)));
      // The piece had arrived and only the answer was lost.
      if (heard.status === 409) heard = await standing(url);
      if (!heard.ok) await refused(heard);
      offset = Number(heard.headers.get("Upload-Offset"));
    }
  }

  // Without https browsers give neither digests nor random ids: then the plain form sends it.
  if (!isSecureContext) return;
  if (sessionStorage.getItem(key)) say("again");
  form.addEventListener("submit", async (event) => {
    const file = form.elements.file.files[0];
    if (!file) return;
    event.preventDefault();
    button.disabled = true;
    bar.hidden = false;
    try {
      await send(file);
      bar.value = 1;
      say("done");
    } catch (error) {
      bar.hidden = true;
      say(error.message);
    }
    sessionStorage.removeItem(key);
    button.disabled = false;
  });
})();
