// Saves the form as one types. Without this script the button beside it does the same, and nothing else is different.
"use strict";
(() => {
  const token = location.pathname.split("/")[3];
  const key = "draft-" + token.slice(-12);
  const form = document.querySelector("form[data-draft]");
  // sessionStorage ends with the tab: machines are shared. After the pledge there is no form, and nothing to keep.
  if (!form) return sessionStorage.removeItem(key);
  const fields = form.elements, status = document.getElementById("saved"), choose = document.getElementById("choose");
  const texts = ["signatory_name", "signatory_office", "signed_on"], ranks = ["theme_1", "theme_2", "theme_3"];
  const clocks = document.documentElement.lang.replace(/^en$/, "en-GB"); // as the server writes times
  let timer = 0, wait = 1000, busy = false, again = false, stopped = form.dataset.draft === "choose";

  const filled = () => JSON.stringify({
    ...Object.fromEntries(texts.map((name) => [name, fields[name].value.trim() || null])),
    themes: ranks.map((name) => fields[name].value),
  });
  const say = (what, at) => {
    const clock = at && new Intl.DateTimeFormat(clocks, { timeStyle: "short" }).format(at);
    const words = status.dataset[what].replace("{time}", clock);
    if (status.textContent !== words) status.textContent = words;
    status.dataset.state = what;
  };
  const put = (body) => fetch("/v1/answer/draft", {
    method: "PUT", body, signal: AbortSignal.timeout?.(30000),
    headers: {
      Authorization: "Link " + token, "Content-Type": "application/json", "If-Match": `"${fields.revision.value}"`,
      "Accept-Language": document.documentElement.lang,
    },
  });

  async function heard(answer, sent) {
    if (answer.ok) {
      const saved = await answer.json();
      fields.revision.value = saved.revision;
      wait = 1000;
      again ||= filled() !== sent;
      if (!again) sessionStorage.removeItem(key);
      say("saved", new Date(saved.saved_at));
    } else if (answer.status === 412) {
      stopped = true;
      choose.hidden = false;
      say("other");
    } else if (answer.status >= 500 || answer.status === 429) {
      throw new Error("later");
    } else {
      say("refused");
    }
  }

  async function save() {
    clearTimeout(timer);
    if (stopped) return;
    if (busy) { again = true; return; }
    busy = true;
    again = false;
    const sent = filled();
    try {
      await heard(await put(sent), sent);
    } catch {
      say("offline");
      again = false;
      timer = setTimeout(save, wait);
      wait = Math.min(wait * 2, 30000);
    }
    busy = false;
    if (again) save();
  }

  function typed() {
    sessionStorage.setItem(key, JSON.stringify([fields.revision.value, ...[...texts, ...ranks].map((n) => fields[n].value)]));
    status.dataset.state = "waiting";
    clearTimeout(timer);
    timer = setTimeout(save, 800);
  }

  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  if (stopped) sessionStorage.removeItem(key);
  else if (kept) {
    fields.revision.value = kept[0];
    [...texts, ...ranks].forEach((name, index) => { fields[name].value = kept[index + 1]; });
    status.dataset.state = "waiting";
    save();
  }
  form.addEventListener("input", (event) => event.target.name !== "confirmed" && typed());
  form.addEventListener("submit", () => { stopped = true; });
  addEventListener("pageshow", (event) => { if (event.persisted) stopped = false; });
  addEventListener("online", () => { if (sessionStorage.getItem(key)) save(); });
})();
