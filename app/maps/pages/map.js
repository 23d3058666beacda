// The plan's shapes on the map, from the ground up: grids, units, streets, communities, borders, labels.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const INK = "#1d2330";
  const BAND_COLOURS = { above: "#8f1a14", below: "#08427f", in: INK, none: INK };
  const COMMUNITY = { colour: "#5b2a86", weight: 12, opacity: 0.27 };
  const CHOSEN = "#0b5cad";

  // Widths are those at zoom 16.
  const MAIN = { colour: INK, weight: 4.5 };
  const BORDERS = {
    motorway: MAIN,
    trunk: MAIN,
    primary: MAIN,
    secondary: MAIN,
    tertiary: { colour: INK, weight: 2.6 },
    street: { colour: INK, weight: 2.6 },
    lane: { colour: INK, weight: 1.4 },
    water: { colour: "#1668b3", weight: 3.2 },
    rail: { colour: INK, weight: 2.8, dash: "9 5" },
    wall: { colour: "#6b3f12", weight: 2.6, dash: "0.1 5", cap: "round" },
    open: { colour: "#c24e00", weight: 2.4, dash: "6 5" },
  };
  const CASED_FROM = 13; // below it lines lie too close for casings
  const STREETS = {
    lane: { weight: 2.4, from: 14.5, named: 16.5 },
    street: { weight: 4, from: 13.5, named: 15.5 },
    tertiary: { weight: 5.5, from: 12, named: 14.5 },
    secondary: { weight: 7, from: 0, named: 13.5 },
    primary: { weight: 8, from: 0, named: 12.5 },
    trunk: { weight: 9, from: 0, named: 12.5 },
    motorway: { weight: 9, from: 0, named: 12.5 },
  };
  const OVERLAYS_NAMED = 14.5;
  const SEEN_THROUGH = 0.4; // how much of a grid's fill is left upon a base map
  const PANES = { shapes: 400, labels: 410 };

  jiexiang.styles = { INK, BORDERS, BAND_COLOURS, COMMUNITY };

  // Draw the plan; pick(grid) is called for a click. Returns the ways to move about and to show and hide.
  jiexiang.drawMap = (map, plan, pick) => {
    Object.entries(PANES).forEach(([name, height]) => {
      const pane = map.createPane(name);
      pane.style.zIndex = height;
      if (name !== "shapes") pane.style.pointerEvents = "none"; // only grids answer clicks
    });
    // What panel and legend cover is kept free.
    const panel = document.getElementById("panel");
    const key = document.getElementById("key");
    const phone = window.matchMedia("(max-width: 759px)");
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    function fit(bounds, options) {
      map.fitBounds(bounds, {
        paddingTopLeft: phone.matches ? [16, 64] : [64, 24],
        paddingBottomRight: phone.matches ? [16, panel.offsetHeight + 24] : [(key.open ? key.offsetWidth : 0) + 24, 24],
        animate: !calm.matches,
        ...options,
      });
    }
    fit(L.latLngBounds(plan.bounds), { animate: false }); // before there is anything to be drawn twice

    const renderer = L.canvas({ pane: "shapes", padding: 0.1 });
    const draw = (lines, style) => new jiexiang.Shape(lines, { renderer, interactive: false, lineCap: "butt", ...style });
    const outline = (rings, style) => draw(rings, { closed: true, lineCap: "round", ...style });

    // Lines grow with the zoom; a casing keeps its width.
    const growing = [];
    let scale = 1;
    function grow(weight, casing, shape) {
      const update = () => shape.setStyle({ weight: weight * scale + casing });
      growing.push(update);
      update();
      return shape;
    }

    const hatches = new Map();
    function fillOf(grid) {
      const fill = plan.chosenView.fillOf(grid);
      if (grid.kind !== "special" && fill !== plan.noData) return fill;
      if (!hatches.has(fill)) hatches.set(fill, hatch(fill));
      return hatches.get(fill);
    }
    const filled = { renderer, closed: true, stroke: false, fill: true, fillOpacity: 1 };
    const grounds = plan.grids.map((grid) =>
      new jiexiang.Shape(grid.outline, { ...filled, fillColor: fillOf(grid) })
        .on("click", () => pick(grid))
        .addTo(map)
    );

    // All shapes share one canvas, so what lies on the grids is stacked by hand, from the ground up. `from` is the zoom at
    // which it appears; shapes are made when they first do.
    const stack = [];
    const areas = L.layerGroup();
    stack.push({ name: "areas", from: 0, layer: areas });
    function once(make) {
      let made;
      return () => (made = made || make());
    }
    function pile(name, from, make) {
      const group = once(() => L.layerGroup(make()));
      stack.push({ name, from, get layer() { return group(); } });
    }
    const overlays = plan.overlays.map((overlay) => jiexiang.drawOverlay(plan, overlay, renderer));
    overlays.filter(({ under }) => under).forEach(({ name, shapes }) => pile(name, 0, () => shapes));
    const streets = plan.streets.map(({ kind, lines }) => ({ lines, ...STREETS[kind] })).reverse(); // lanes lie lowest
    streets.forEach(({ lines, weight, from }) => {
      const edges = () => [grow(weight, 1.2, draw(lines, { color: "#8f959f", lineCap: "round" }))];
      pile("streets", Math.max(from, CASED_FROM), edges);
    });
    streets.forEach(({ lines, weight, from }) => {
      const roads = () => [grow(weight, -0.2, draw(lines, { color: "#ffffff", lineCap: "round" }))];
      pile("streets", from, roads);
    });
    const units = L.layerGroup();
    stack.push({ name: "units", from: 0, layer: units });
    const drawUnits = once(async () => {
      units.addLayer(draw(await plan.readUnits(), { color: "#4d566a", weight: 1.3, dashArray: "3 3" }));
      restack();
    });
    const communityStyle = { color: COMMUNITY.colour, opacity: COMMUNITY.opacity };
    pile(
      "communities",
      0,
      () => plan.communities.map((community) => grow(COMMUNITY.weight, 0, outline(community.outline, communityStyle)))
    );
    const borders = plan.borders.map(({ barrier, lines }) => ({ lines, style: BORDERS[barrier] || BORDERS.open }));
    pile(
      "borders",
      CASED_FROM,
      () => borders.map(({ style, lines }) => grow(style.weight, 3, draw(lines, { color: "#ffffff", opacity: 0.9 })))
    );
    pile(
      "borders",
      0,
      () => borders.map(({ style: { weight, colour, dash, cap }, lines }) =>
        grow(weight, 0, draw(lines, { color: colour, dashArray: dash, lineCap: cap || "butt" }))
      )
    );
    overlays
      .filter(({ under }) => !under)
      .forEach(({ name, grows, shapes }) =>
        pile(name, 0, () => (grows ? shapes.map((shape) => grow(shape.options.weight, 0, shape)) : shapes))
      );
    const chosen = L.layerGroup();
    stack.push({ name: "chosen", from: 0, layer: chosen });

    const shown = new Set(["areas", "streets", "communities", "borders", "chosen"]);
    plan.overlays.filter((overlay) => overlay.shown).forEach(({ id }) => shown.add("over-" + id));
    const hidden = new Set(); // shown but for the tiles, which have them
    let piled = [];
    // What was added to a group lies above everything: put all groups back in their order.
    function restack() {
      piled.forEach(({ layer }) => map.removeLayer(layer));
      piled = [];
      arrange();
    }
    function arrange() {
      const wanted = stack.filter(({ name, from }) => shown.has(name) && !hidden.has(name) && map.getZoom() >= from);
      if (wanted.length === piled.length && wanted.every((one, place) => one === piled[place])) return;
      piled.forEach(({ layer }) => map.removeLayer(layer));
      wanted.forEach(({ layer }) => map.addLayer(layer));
      piled = wanted;
    }
    function followZoom() {
      scale = Math.min(1.3, Math.max(0.15, 2 ** ((map.getZoom() - 16) / 2.5)));
      growing.forEach((update) => update());
      arrange();
    }
    const labels = new jiexiang.Labels(() => chooseLabels(map, plan, (name) => shown.has(name) && !hidden.has(name)));
    const tiled = new Set(["streets", "over-water", "over-rail"]); // what the tiles show already
    const showTiles = jiexiang.layBaseMap(map, plan.tiles, () => {
      if (!shown.has("base")) return;
      view.show("base", false);
      document.getElementById("show-base").checked = false;
    });

    const view = {
      showWhole: (options) => fit(L.latLngBounds(plan.bounds), options),
      zoomTo: (lines, maxZoom) => fit(jiexiang.boundsOf(map, lines), { maxZoom, ...(phone.matches && { paddingTopLeft: [60, 64] }) }),
      mark: (rings) => {
        chosen.clearLayers();
        chosen.addLayer(outline(rings, { color: "#ffffff", weight: 8 }));
        chosen.addLayer(outline(rings, { color: CHOSEN, weight: 4 }));
      },
      repaint: () => {
        grounds.forEach((shape, place) => shape.setStyle({ fillColor: fillOf(plan.grids[place]) }));
        areas.clearLayers();
        const { areas: own = [], areaFillOf } = plan.chosenView;
        own.forEach((area) => {
          const fill = { fill: true, fillOpacity: 1, fillColor: areaFillOf(area), color: "#4d566a", weight: 1 };
          areas.addLayer(outline(area.outline, fill));
        });
        restack();
        if (map.hasLayer(labels)) labels.redraw();
      },
      goTo: (lat, lon) => map.setView([lat, lon], Math.max(map.getZoom(), 17), { animate: !calm.matches }),
      show: (name, on) => {
        if (name === "base") {
          showTiles(on);
          grounds.forEach((shape) => shape.setStyle({ fillOpacity: on ? SEEN_THROUGH : 1 }));
          tiled.forEach((one) => (on ? hidden.add(one) : hidden.delete(one)));
        }
        if (name === "labels" && on) map.addLayer(labels);
        else if (name === "labels") map.removeLayer(labels);
        else if (on) shown.add(name);
        else shown.delete(name);
        arrange();
        if (map.hasLayer(labels)) labels.redraw();
        if (name === "units" && on) drawUnits();
      },
    };
    map.setMinZoom(map.getZoom() - 2);
    map.on("zoomend", followZoom);
    followZoom();
    map.addLayer(labels);
    return view;
  };

  // Communities where their grids are too small to be labelled, then overlays, then grids out of the band, then the others, then streets.
  function chooseLabels(map, plan, on) {
    const bounds = map.getBounds().pad(0.05);
    const metres = (40075016.7 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** (map.getZoom() + 8);
    const [west, south, east, north] = bounds.toBBoxString().split(",").map(Number);
    const seen = ([lon, lat]) => west <= lon && lon <= east && south <= lat && lat <= north;
    const labels = [];

    plan.communities.forEach(({ name, label, gridRoom }) => {
      if (!name || gridRoom / metres > 26 || label[2] / metres < 14 || !seen(label)) return;
      const forms = [[{ text: name, size: 16, bold: true, colour: "#4a1f73" }]];
      labels.push({ at: [label[1], label[0]], forms, room: (label[2] / metres) * 3 });
    });

    plan.overlays.filter(({ id }) => on("over-" + id)).forEach((overlay) => {
      const { text: colour, radius } = jiexiang.overlayStyles[overlay.style];
      const letters = radius ? { size: 14, bold: true, colour } : { size: 13, bold: true, colour };
      overlay.labels
        .filter(([, lon, lat]) => seen([lon, lat]) && (radius || map.getZoom() >= OVERLAYS_NAMED))
        .forEach(([text, lon, lat]) => labels.push({ at: [lat, lon], room: 400, forms: [[{ text, ...letters }]] }));
    });

    const { signOf, signColourOf } = plan.chosenView;
    const rank = (grid) => (signOf(grid) ? 0 : 1);
    const numbered = plan.chosenView.level === "area" ? [] : plan.grids; // areas that are no grids bear no numbers of grids
    numbered
      .filter((grid) => seen(grid.label))
      .sort((one, other) => rank(one) - rank(other) || other.label[2] - one.label[2])
      .forEach((grid) => {
        const room = grid.label[2] / metres;
        const sign = signOf(grid);
        const colour = signColourOf(grid);
        const serial = (grid.kind === "special" ? plan.words.specialSign : "") + grid.serial;
        const forms = [];
        if (room >= 22) {
          forms.push([
            { text: serial, size: 19, bold: true, colour: INK },
            { text: sign + plan.say("householdsShort", grid), size: 15, bold: sign !== "", colour },
          ]);
        }
        if (room >= 9) forms.push([{ text: sign + serial, size: 15, bold: true, colour }]);
        if (sign) forms.push([{ text: sign, size: 12, bold: true, colour }]);
        labels.push({ at: [grid.label[1], grid.label[0]], forms, room: Math.max(room * 2.1, 14) });
      });

    if (!on("streets")) return labels;
    plan.streetNames.forEach(({ name, lon, lat, angle, reach, kind }) => {
      if (map.getZoom() < STREETS[kind].named || !seen([lon, lat])) return;
      const letters = { size: 14, bold: false, colour: "#3f4757" };
      const label = { at: [lat, lon], room: (reach / metres) * 1.1 };
      // Chinese names stand upright along streets that run north and south.
      if (Math.abs(angle) > 50 && /^[\u3400-\u9fff]+$/.test(name)) {
        label.forms = [Array.from(name, (text) => ({ text, ...letters }))];
        label.angle = angle > 0 ? angle - 90 : angle + 90;
        label.upright = true;
        label.beside = [13, 0];
      } else {
        label.forms = [[{ text: name, ...letters }]];
        label.angle = angle;
        label.beside = [0, -12];
      }
      labels.push(label);
    });
    return labels;
  }

  function hatch(fill) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 10;
    const pen = tile.getContext("2d");
    pen.fillStyle = fill;
    pen.fillRect(0, 0, 10, 10);
    pen.strokeStyle = "rgba(29,35,48,0.34)";
    pen.lineWidth = 1.4;
    [-10, 0, 10].forEach((shift) => {
      pen.beginPath();
      pen.moveTo(shift - 1, 11);
      pen.lineTo(shift + 11, -1);
      pen.stroke();
    });
    return pen.createPattern(tile, "repeat");
  }
})();
