// Tiles of others under the grids, from this service alone; where they don't come, the map shows its own streets.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // `tiles` has {layers, deepest}; fail() is called when none comes. Returns show(on), or null where there are no tiles.
  jiexiang.layBaseMap = (map, tiles, fail) => {
    if (!tiles) return null;
    const layers = tiles.layers.map((address) =>
      L.tileLayer(address, { maxNativeZoom: tiles.deepest, maxZoom: 20 }).on("tileerror", fail)
    );
    return (on) => layers.forEach((layer) => (on ? map.addLayer(layer) : map.removeLayer(layer)));
  };
})();
