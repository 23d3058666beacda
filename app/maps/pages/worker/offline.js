// The service worker: the page and the worker's own area open without a signal; names, phones and answers are never kept.
"use strict";

const { cache: CACHE, shell: SHELL, area: AREA, page: PAGE } = SETTINGS; // put in front by the service

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const dropOthers = (names) => Promise.all(names.filter((name) => name !== CACHE && name.startsWith("jiexiang-")).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(dropOthers).then(() => self.clients.claim()));
});

// The network first, so that nobody sees an old border with a signal; a refusal (signed out, moved) empties what was kept.
async function freshOrKept(request, key) {
  const cache = await caches.open(CACHE);
  let answer;
  try {
    answer = await fetch(request);
  } catch (fault) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw fault;
  }
  if (answer.ok && !answer.redirected) {
    const headers = new Headers(answer.headers);
    headers.set("X-Saved-At", new Date().toISOString());
    await cache.put(key, new Response(await answer.clone().blob(), { headers }));
  } else if (answer.status === 401 || answer.status === 403 || answer.status === 404 || answer.redirected) {
    await Promise.all([cache.delete(AREA), cache.delete(PAGE)]);
  }
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname === AREA) event.respondWith(freshOrKept(event.request, AREA));
  else if (pathname === PAGE) event.respondWith(freshOrKept(event.request, PAGE));
  else if (SHELL.includes(pathname)) event.respondWith(caches.match(pathname).then((kept) => kept || fetch(event.request)));
});
