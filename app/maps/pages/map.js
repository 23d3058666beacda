// The plan's shapes on the map, from the ground up: grids, units, streets, communities, borders, labels.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const INK = "#1d2330";
  const BAND_COLOURS = { above: "#8f1a14", below: "#0b4f9e", in: INK, none: INK };
  const COMMUNITY = { colour: "#5b2a86", weight: 12, opacity: 0.38 };
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
  const STREETS = {
    lane: { weight: 2.4, from: 14.5, named: 16.5 },
    street: { weight: 4, from: 13.5, named: 15.5 },
    tertiary: { weight: 5.5, from: 12, named: 14.5 },
    secondary: { weight: 7, from: 0, named: 13.5 },
    primary: { weight: 8, from: 0, named: 12.5 },
    trunk: { weight: 9, from: 0, named: 12.5 },
    motorway: { weight: 9, from: 0, named: 12.5 },
  };
  const PANES = ["grids", "units", "streets", "communities", "borders", "chosen", "labels"];

  jiexiang.styles = { INK, BORDERS, BAND_COLOURS, COMMUNITY };

  // Draw all layers; pick(grid) is called for a click. Returns the layers and the ways to move about.
  jiexiang.drawMap = (map, plan, pick) => {
    PANES.forEach((name, place) => {
      const pane = map.createPane(name);
      pane.style.zIndex = 400 + place;
      if (name !== "grids") pane.style.pointerEvents = "none"; // only grids answer clicks
    });
    const canvases = {};
    PANES.forEach((name) => {
      canvases[name] = L.canvas({ pane: name, padding: 0.25 });
    });
    const line = (points, style) => L.polyline(points, { interactive: false, lineCap: "butt", ...style });
    const outline = (rings, style) => L.polygon(rings, { interactive: false, fill: false, ...style });

    // Lines grow with the zoom; a casing keeps its width.
    const growing = [];
    function grow(layer, weight, casing) {
      growing.push(() => {
        const scale = Math.min(1.3, Math.max(0.3, 2 ** ((map.getZoom() - 16) / 2.5)));
        layer.setStyle({ weight: weight * scale + casing });
      });
      return layer;
    }

    const layers = {};
    const hatches = plan.fills.map(hatch);
    layers.grids = L.layerGroup(
      plan.grids.map((grid) =>
        L.polygon(grid.outline, {
          renderer: canvases.grids,
          stroke: false,
          fillOpacity: 1,
          fillColor: (grid.kind === "special" ? hatches : plan.fills)[grid.colour],
          smoothFactor: 0.5,
        }).on("click", () => pick(grid))
      )
    );
    layers.units = L.layerGroup(
      (plan.units || []).map((parts) =>
        outline(plan.decodeParts(parts), { renderer: canvases.units, color: "#4d566a", weight: 1, dashArray: "2 3" })
      )
    );
    layers.communities = L.layerGroup(
      plan.communities.map((community) =>
        grow(
          outline(community.outline, {
            renderer: canvases.communities,
            color: COMMUNITY.colour,
            opacity: COMMUNITY.opacity,
          }),
          COMMUNITY.weight,
          0
        )
      )
    );
    const borders = plan.borders.map((border) => ({
      style: BORDERS[border.barrier] || BORDERS.open,
      points: border.lines.map(plan.decode),
    }));
    layers.borders = L.layerGroup([
      ...borders.map(({ style, points }) =>
        grow(line(points, { renderer: canvases.borders, color: "#ffffff", opacity: 0.9 }), style.weight, 3)
      ),
      ...borders.map(({ style, points }) =>
        grow(
          line(points, {
            renderer: canvases.borders,
            color: style.colour,
            dashArray: style.dash,
            lineCap: style.cap || "butt",
          }),
          style.weight,
          0
        )
      ),
    ]);

    // Streets of a class come and go with the zoom; main streets lie on top.
    layers.streets = L.layerGroup();
    const streets = Object.entries(STREETS).map(([name, style]) => {
      const bundles = plan.streets.filter((bundle) => bundle.class === name).map((bundle) => bundle.lines.map(plan.decode));
      const drawn = (color, casing) =>
        bundles.map((points) =>
          grow(line(points, { renderer: canvases.streets, color, lineCap: "round" }), style.weight, casing)
        );
      return { from: style.from, layer: L.layerGroup([...drawn("#8f959f", 1.2), ...drawn("#ffffff", -0.2)]) };
    });

    layers.labels = new jiexiang.Labels(() => chooseLabels(map, plan, map.hasLayer(layers.streets)));

    function followZoom() {
      streets.forEach(({ from, layer }) => {
        if (map.getZoom() >= from) layers.streets.addLayer(layer);
        else layers.streets.removeLayer(layer);
      });
      growing.forEach((update) => update());
    }
    map.on("zoomend", followZoom);

    // What panel and legend cover is kept free.
    const panel = document.getElementById("panel");
    const key = document.getElementById("key");
    const phone = window.matchMedia("(max-width: 759px)");
    function fit(bounds, options) {
      map.fitBounds(bounds, {
        paddingTopLeft: phone.matches ? [16, 64] : [64, 24],
        paddingBottomRight: phone.matches ? [16, panel.offsetHeight + 24] : [(key.open ? key.offsetWidth : 0) + 24, 24],
        ...options,
      });
    }

    const chosen = L.layerGroup().addTo(map);
    const view = {
      layers,
      showWhole: (options) => fit(L.latLngBounds(plan.bounds), options),
      zoomTo: (rings, maxZoom) => fit(L.latLngBounds(rings.map((part) => part[0]).flat()), { maxZoom }),
      mark: (rings) => {
        chosen.clearLayers();
        [{ color: "#ffffff", weight: 8 }, { color: CHOSEN, weight: 4 }].forEach((style) => {
          chosen.addLayer(outline(rings, { renderer: canvases.chosen, ...style }));
        });
      },
    };
    view.showWhole({ animate: false });
    map.setMinZoom(map.getZoom() - 2);
    followZoom();
    map.addLayer(layers.grids).addLayer(layers.borders);
    return view;
  };

  // Communities where their grids are too small to be labelled, then grids out of the band, then the others, then streets.
  function chooseLabels(map, plan, withStreets) {
    const bounds = map.getBounds().pad(0.05);
    const metres = (40075016.7 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** (map.getZoom() + 8);
    const seen = ([lon, lat]) => bounds.contains([lat, lon]);
    const labels = [];

    plan.communities.forEach(({ name, label, gridRoom }) => {
      if (!name || gridRoom / metres > 26 || label[2] / metres < 14 || !seen(label)) return;
      labels.push({ at: [label[1], label[0]], forms: [[{ text: name, size: 16, bold: true, colour: "#4a1f73" }]] });
    });

    const rank = (grid) => (plan.sign[plan.bandOf(grid)] ? 0 : 1);
    plan.grids
      .filter((grid) => seen(grid.label))
      .sort((one, other) => rank(one) - rank(other) || other.label[2] - one.label[2])
      .forEach((grid) => {
        const room = grid.label[2] / metres;
        const sign = plan.sign[plan.bandOf(grid)];
        const colour = BAND_COLOURS[plan.bandOf(grid)];
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

    if (!withStreets) return labels;
    plan.streetNames.forEach(([name, lon, lat, angle, reach, kind]) => {
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
