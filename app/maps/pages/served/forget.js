// The form to sign in is shown where nobody is signed in: what a worker's page has kept on this phone is emptied.
(() => {
  "use strict";
  if (!("caches" in window)) return;
  caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("jiexiang-")).map((name) => caches.delete(name))));
})();
