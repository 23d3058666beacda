// Shapes that lie over or under the grids: water and railways, old outlines, blind spots, proposed sites.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // `under` lies beneath the streets, the others above the borders; lines that `grow` are thin on a map of the county.
  jiexiang.overlayStyles = {
    water: { under: true, colour: "#7fb2d9", fill: "#bcd9ee", weight: 3 },
    rail: { under: true, colour: "#4d566a", weight: 4, casing: "#ffffff", dash: "8 6", text: "#4d566a" },
    old: { colour: "#b3005e", weight: 2.6, dash: "7 5", text: "#8c0049", grows: true },
    spot: { colour: "#8f1a14", weight: 2, grows: true, fill: "#d9482b", fillOpacity: 0.28, text: "#8f1a14" },
    note: { colour: "#1d2330", weight: 2, fill: "#ffd84d", fillOpacity: 1, radius: 12, text: "#1d2330" },
    site: { colour: "#ffffff", weight: 2.5, fill: "#08427f", fillOpacity: 1, radius: 11, text: "#08427f" },
  };

  // Return {name, under, grows, shapes} of an overlay of the plan; `renderer` is that of all lines.
  jiexiang.drawOverlay = (plan, overlay, renderer) => {
    const style = jiexiang.overlayStyles[overlay.style];
    const common = { renderer, interactive: false, color: style.colour, weight: style.weight };
    const filled = { fill: Boolean(style.fill), fillColor: style.fill, fillOpacity: style.fillOpacity ?? 1 };
    const readLines = (lists) => lists.map((flat) => jiexiang.readLine(flat, plan.stepsPerDegree));
    const areas = overlay.areas.map((parts) =>
      new jiexiang.Shape(readLines(parts.flat()), { ...common, ...filled, dashArray: style.dash, closed: true })
    );
    const lines = readLines(overlay.lines);
    const dashed = { dashArray: style.dash, lineCap: "butt" };
    const solid = new jiexiang.Shape(lines, { ...common, ...(style.casing ? { lineCap: "butt" } : dashed) });
    const gaps = new jiexiang.Shape(lines, { ...common, ...dashed, color: style.casing, weight: style.weight - 2 });
    const marks = style.radius
      ? overlay.labels.map(([, lon, lat]) => L.circleMarker([lat, lon], { ...common, ...filled, radius: style.radius }))
      : [];
    return { name: "over-" + overlay.id, under: Boolean(style.under), grows: Boolean(style.grows), shapes: [...areas, solid, ...(style.casing ? [gaps] : []), ...marks] };
  };
})();
