// A worker's area as the service hands it out, made ready; kept on the phone for seven days, and its age told.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // Ask for a JSON document: {value, status}; value is null where there was none. Network faults are thrown to the caller.
  async function ask(address, options = {}) {
    const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" }, ...options });
    const isJson = (answer.headers.get("Content-Type") || "").includes("json");
    return { value: answer.ok && isJson ? await answer.json() : null, status: answer.status, savedAt: answer.headers.get("X-Saved-At") };
  }
  jiexiang.ask = ask;

  // Empty what the service worker keeps of the area: somebody else may hold the phone next.
  jiexiang.forgetArea = async (address) => {
    if (!("caches" in window)) return;
    const names = (await caches.keys()).filter((name) => name.startsWith("jiexiang-"));
    await Promise.all(names.map(async (name) => (await caches.open(name)).delete(address)));
  };

  jiexiang.readArea = (area) => {
    const decode = jiexiang.decoder(area.stepsPerDegree);
    const ready = (grid) => ({ ...grid, outline: grid.parts.map((rings) => rings.map(decode)) });
    const readBarrier = (barrier) => ({
      ...barrier,
      areas: barrier.areas.map((parts) => parts.map((rings) => rings.map(decode))),
      lines: barrier.lines.map(decode),
    });
    return {
      ...area,
      grids: area.grids.map(ready),
      neighbours: area.neighbours.map(ready),
      streets: area.streets.map((bundle) => ({ ...bundle, lines: bundle.lines.map(decode) })),
      water: readBarrier(area.water),
      rail: readBarrier(area.rail),
    };
  };
})();
