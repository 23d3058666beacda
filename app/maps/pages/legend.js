// What the lines, fills and signs mean, and which layers are on.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make } = jiexiang;

  const SVG = "http://www.w3.org/2000/svg";
  const GROUPS = ["main", "street", "lane", "water", "rail", "wall", "open"];
  const kindOf = (group) => (group === "main" ? "primary" : group);

  function sample(shapes) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "0 0 44 24");
    picture.setAttribute("class", "sample");
    picture.setAttribute("aria-hidden", "true");
    shapes.forEach(([tag, attributes]) => {
      const shape = document.createElementNS(SVG, tag);
      Object.entries(attributes).forEach(([name, value]) => {
        if (value !== undefined) shape.setAttribute(name, value);
      });
      picture.appendChild(shape);
    });
    return picture;
  }

  function lineSample({ colour, weight, dash, cap, opacity }) {
    const stroke = { stroke: colour, "stroke-width": weight, "stroke-opacity": opacity };
    return sample([["path", { d: "M2 12H42", "stroke-dasharray": dash, "stroke-linecap": cap || "butt", ...stroke }]]);
  }

  jiexiang.drawLegend = (plan) => {
    const { INK, BORDERS, BAND_COLOURS, COMMUNITY } = jiexiang.styles;
    const { words, say } = plan;
    const list = (items) =>
      make("ul", { class: "legend" }, items.map(([picture, text]) => make("li", {}, [picture, make("span", {}, text)])));
    const fills = plan.fills.map((fill, place) => ["rect", { x: 1 + place * 7, y: 4, width: 7, height: 16, fill }]);
    const hatched = [
      ["rect", { x: 2, y: 4, width: 40, height: 16, fill: plan.fills[3] }],
      ["path", { d: "M4 20L18 4M14 20L28 4M24 20L38 4", stroke: INK, "stroke-opacity": 0.6, "stroke-width": 1.5 }],
    ];
    const apart = [
      [sample(fills), words.legendFill],
      [sample(hatched), words.legendSpecial],
      [sample([["path", { d: "M14 19H30L22 5Z", fill: BAND_COLOURS.above }]]), say("legendAbove", plan.about)],
      [sample([["path", { d: "M14 5H30L22 19Z", fill: BAND_COLOURS.below }]]), say("legendBelow", plan.about)],
    ];
    // The classes of a view with how many there are of each, empty ones too, and those without data.
    function classesOf(view) {
      const counts = view.classes.map((_, place) => Object.values(view.classOf).filter((one) => one === place).length);
      const rows = view.classes.map(({ colour, sign, label }, place) => [
        swatch(colour),
        `${sign} ${say("classOf", { label, n: counts[place] })}`.trim(),
      ]);
      const all = { grid: plan.grids, community: plan.communities, area: view.areas }[view.level].length;
      const without = all - counts.reduce((sum, count) => sum + count, 0);
      const label = view.missing || words.noData;
      return without > 0 ? [...rows, [hatchedSwatch(plan.noData), say("classOf", { label, n: without })]] : rows;
    }
    const view = plan.chosenView;
    document.getElementById("legend").replaceChildren(
      make("h2", {}, view.classes.length ? view.title : words.legendGrids),
      list([...(view.classes.length ? classesOf(view) : apart), [lineSample(COMMUNITY), words.legendCommunity]]),
      ...(view.note ? [make("p", { class: "small" }, view.note)] : []),
      make("h2", {}, words.legendBorders),
      list(GROUPS.map((group) => [lineSample(BORDERS[kindOf(group)]), words.barrierGroups[group]])),
      ...(plan.overlays.length
        ? [
            make("h2", {}, words.legendOverlays),
            list(plan.overlays.map((one) => [overlaySample(jiexiang.overlayStyles[one.style]), one.title])),
          ]
        : [])
    );
  };

  function overlaySample({ colour, fill, fillOpacity, weight, casing, dash, radius }) {
    const stroke = { stroke: colour, "stroke-width": weight };
    if (radius) return sample([["circle", { cx: 22, cy: 12, r: 9, fill, ...stroke }]]);
    if (fill) return sample([["rect", { x: 2, y: 4, width: 40, height: 16, fill, "fill-opacity": fillOpacity, ...stroke }]]);
    if (!casing) return sample([["path", { d: "M2 12H42", "stroke-dasharray": dash, ...stroke }]]);
    const gaps = { stroke: casing, "stroke-width": weight - 2, "stroke-dasharray": dash };
    return sample([["path", { d: "M2 12H42", ...stroke }], ["path", { d: "M2 12H42", ...gaps }]]);
  }

  const swatch = (fill) => sample([["rect", { x: 2, y: 4, width: 40, height: 16, fill, stroke: "#6a7382" }]]);
  const hatchedSwatch = (fill) =>
    sample([
      ["rect", { x: 2, y: 4, width: 40, height: 16, fill }],
      ["path", { d: "M4 20L18 4M14 20L28 4M24 20L38 4", stroke: "#1d2330", "stroke-opacity": 0.6, "stroke-width": 1.5 }],
    ]);

  // A box for each layer that can be hidden; the box of a layer that was left out says so.
  // Returns switched(), which tells the layers that are not as they come with the view, and set(names), which puts them so.
  jiexiang.drawLayerBoxes = (plan, view, changed) => {
    const layers = new Map();
    const boxes = document.getElementById("layers");
    const overlays = plan.overlays.map(({ id, title, shown }) => ["over-" + id, title, shown]);
    [
      ...(plan.tiles ? [["base", "layerBase", true]] : []),
      ["labels", "layerLabels", true],
      ["communities", "layerCommunities", true],
      ["streets", "layerStreets", true],
      ["units", "layerUnits", false],
      ...overlays,
    ].forEach(([name, word, on]) => {
      if (plan[name] === "") return; // the service keeps no units
      const missing = plan[name] === null;
      const onchange = () => {
        view.show(name, box.checked);
        changed();
      };
      const box = make("input", { type: "checkbox", id: "show-" + name, onchange });
      box.checked = on;
      layers.set(name.replace(/^over-/, ""), { name, box, usual: () => on || (plan.chosenView.beside || []).includes(name.slice(5)) });
      box.disabled = missing;
      const text = missing ? plan.words.unitsLeftOut : plan.words[word] || word;
      boxes.append(make("label", { class: "toggle" }, [box, make("span", {}, text)]));
    });
    const all = () => Array.from(layers);
    return {
      switched: () => all().filter(([, { box, usual }]) => box.checked !== usual()).map(([key]) => key).join(" "),
      set: (keys) =>
        all().forEach(([key, { name, box, usual }]) => {
          const on = keys.includes(key) !== usual();
          if (box.disabled || box.checked === on) return;
          box.checked = on;
          view.show(name, on);
        }),
    };
  };
})();
