// Shows a controller's public alerts on its own site. It sets nothing, stores nothing and asks for nothing: the alerts
// come with it. Optional attributes of its element: data-lang, data-target (a selector; else the top of the page).
(() => {
  "use strict";
  const data = /*DATA*/;
  const script = document.currentScript;
  if (!data || !script || !data.alerts.length) return;

  const style = `
    :host { all: initial; display: block }
    section { box-sizing: border-box; padding: 1rem; color: #1a1a1a; background: #fff6dd; border: 2px solid #7a4b00;
      font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
    h2 { font-size: 1.15rem; margin: 0 0 .25rem }
    p { margin: 0 0 .5rem; white-space: pre-line }
    a { color: #0d3f70 }
    button { font: inherit; min-height: 2.75rem; padding: .4rem 1rem; color: #fff; background: #0d3f70; border: 0;
      border-radius: .3rem; cursor: pointer }
    a:focus-visible, button:focus-visible { outline: 3px solid #a33d00; outline-offset: 2px }
    @media print { button { display: none } }`;

  const spoken = (tag) => Object.keys(data.words).find((known) => known === String(tag || "").toLowerCase().split("-")[0]);
  const language =
    spoken(script.dataset.lang) || spoken(document.documentElement.lang) || spoken(navigator.language) || data.language;

  const element = (name, text, tag) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (tag) made.lang = tag;
    return made;
  };

  const show = () => {
    const target = script.dataset.target ? document.querySelector(script.dataset.target) : document.body;
    if (!target) return;
    const words = data.words[language];
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];

    const region = document.createElement("section");
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", words.region);
    region.lang = language;
    for (const alert of data.alerts) {
      const told = alert[language];
      region.append(element("h2", told.title), element("p", told.lead), element("p", told.text, told.text_language));
    }
    const details = element("a", words.details);
    details.href = new URL(`page?lang=${language}`, script.src).href;
    const line = document.createElement("p");
    line.append(details);
    const dismiss = element("button", words.dismiss);
    dismiss.type = "button";
    dismiss.addEventListener("click", () => host.remove());
    region.addEventListener("keydown", (event) => {
      if (event.key === "Escape") host.remove();
    });
    region.append(line, dismiss);
    root.append(region);
    target.prepend(host);
  };

  // Whatever goes wrong, the page stays as it is.
  const quietly = () => {
    try {
      show();
    } catch {}
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", quietly);
  else quietly();
})();
