// The worker's map: own grids cased, neighbours beside them, streets beneath, and where one stands.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const INK = "#11161f";
  const OWN = "#b3261e";
  const WIDTHS = { motorway: 10, trunk: 10, primary: 9, secondary: 8, tertiary: 6, street: 4.5, lane: 2.5 };

  jiexiang.drawArea = (element, area, words) => {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = L.map(element, { attributionControl: false, zoomControl: false, preferCanvas: true, zoomSnap: 0.25, maxZoom: 20, zoomAnimation: !calm });
    L.control.zoom({ position: "topleft", zoomInTitle: words.say("zoomIn"), zoomOutTitle: words.say("zoomOut") }).addTo(map);
    L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 120 }).addTo(map);
    ["labels", "me"].forEach((name, at) => {
      const pane = map.createPane(name);
      pane.style.zIndex = 420 + at * 10;
      pane.style.pointerEvents = "none";
    });
    const still = { interactive: false };

    const neighbours = area.neighbours.map((grid) =>
      L.polygon(grid.outline, { ...still, color: "#5b6473", weight: 1.5, fillColor: "#e9e6df", fillOpacity: 1 }).addTo(map)
    );
    const grounds = area.grids.map((grid) => L.polygon(grid.outline, { ...still, stroke: false, fillColor: "#fff3c4", fillOpacity: 1 }).addTo(map));
    L.polygon(area.water.areas, { ...still, stroke: false, fillColor: "#a9cbe8", fillOpacity: 1 }).addTo(map);
    L.polyline(area.water.lines, { ...still, color: "#7fb0dc", weight: 9 }).addTo(map);
    const growing = [];
    const grow = (shape, weight, casing) => growing.push((scale) => shape.setStyle({ weight: weight * scale + casing }));
    const roads = Object.keys(WIDTHS).reverse().flatMap((kind) => area.streets.filter((bundle) => bundle.class === kind));
    [["#8f959f", 1.4], ["#ffffff", 0]].forEach(([color, casing]) =>
      roads.forEach((bundle) => grow(L.polyline(bundle.lines, { ...still, color }).addTo(map), WIDTHS[bundle.class], casing))
    );
    L.polyline(area.rail.lines, { ...still, color: "#303640", weight: 5, lineCap: "butt" }).addTo(map);
    L.polyline(area.rail.lines, { ...still, color: "#ffffff", weight: 3, dashArray: "9 9", lineCap: "butt" }).addTo(map);
    // A dark line on a wide white casing reads in sunlight and over any street.
    const cased = area.grids.map((grid) => [
      L.polygon(grid.outline, { ...still, fill: false, color: "#ffffff", weight: 9 }).addTo(map),
      L.polygon(grid.outline, { ...still, fill: false, color: INK, weight: 4 }).addTo(map),
    ]);
    map.addLayer(new jiexiang.Labels(() => chooseLabels(map, area)));
    map.on("zoomend", followZoom);
    function followZoom() {
      const scale = Math.min(1.6, Math.max(0.25, 2 ** ((map.getZoom() - 16) / 2)));
      growing.forEach((update) => update(scale));
    }

    const me = L.layerGroup().addTo(map);
    const view = {
      map,
      choose: (chosen, options) => {
        cased.forEach(([, line], at) => line.setStyle({ color: at === chosen ? OWN : INK }));
        cased[chosen].forEach((line) => line.bringToFront());
        map.fitBounds(grounds[chosen].getBounds(), { padding: [24, 24], animate: !calm, ...options });
        followZoom();
      },
      stand: ({ place, accuracy }) => {
        me.clearLayers();
        const pane = { ...still, pane: "me" };
        L.circle(place, { ...pane, radius: accuracy, color: "#0b5cad", weight: 1.5, fillOpacity: 0.12 }).addTo(me);
        L.circleMarker(place, { ...pane, radius: 9, color: "#ffffff", weight: 3, fillColor: "#0b5cad", fillOpacity: 1 }).addTo(me);
        const seen = L.latLngBounds([place]).extend(place);
        if (!map.getBounds().pad(-0.1).contains(seen)) map.fitBounds(seen.extend(grounds[0].getBounds()), { padding: [24, 24], animate: !calm });
      },
      neighbours,
    };
    return view;
  };

  function chooseLabels(map, area) {
    const metres = (40075016.7 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** (map.getZoom() + 8);
    const bounds = map.getBounds().pad(0.05);
    const seen = ([lon, lat]) => bounds.contains([lat, lon]);
    const name = (grid, size, colour) => ({
      at: [grid.label[1], grid.label[0]],
      room: Math.max((grid.label[2] / metres) * 2.4, 40),
      forms: [[{ text: grid.name, size, bold: true, colour }]],
    });
    const labels = area.grids.filter((grid) => seen(grid.label)).map((grid) => name(grid, 20, "#7c1610"));
    labels.push(...area.neighbours.filter((grid) => seen(grid.label)).map((grid) => name(grid, 15, "#2c3442")));
    const along = (names, colour) =>
      names.forEach(([text, lon, lat, angle, reach]) => {
        if (!seen([lon, lat])) return;
        labels.push({ at: [lat, lon], room: (reach / metres) * 1.2, angle, forms: [[{ text, size: 15, bold: false, colour }]] });
      });
    along(area.water.names, "#0b4a86");
    along(area.rail.names, "#3c2a63");
    along(area.streetNames, "#11161f");
    return labels;
  }
})();
