// Without this file every form works as well, on the usual port: it adds a nonce, which makes a double click harmless,
// and names the page to come back to on another port.
"use strict";
for (const field of document.querySelectorAll("input[name=nonce]")) {
  field.value = crypto.randomUUID();
}
if (location.hostname === "127.0.0.1") {
  for (const field of document.querySelectorAll("input[name=next]")) {
    field.value = location.origin + "/thanks.html";
  }
}
