// Where a place lies to a grid: inside or outside, how many metres to the edge, and what the position's error leaves open.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const METRES_PER_DEGREE = 111320; // of latitude; grids are so small that the earth's flattening does not show
  const POOR_M = 50; // a position worse than this says too little beside a street of 20 m

  // Metres east and north of a place, for points near it.
  const planeAt = ([lat, lon]) => {
    const squeeze = Math.cos((lat * Math.PI) / 180);
    return ([y, x]) => [(x - lon) * METRES_PER_DEGREE * squeeze, (y - lat) * METRES_PER_DEGREE];
  };

  function inRing(ring) {
    let inside = false;
    for (let here = 0, before = ring.length - 1; here < ring.length; before = here++) {
      const [[x, y], [u, v]] = [ring[here], ring[before]];
      if (y > 0 !== v > 0 && 0 < ((u - x) * (0 - y)) / (v - y) + x) inside = !inside;
    }
    return inside;
  }

  function toSegment([x, y], [u, v]) {
    const [dx, dy] = [u - x, v - y];
    const along = dx || dy ? Math.min(1, Math.max(0, -(x * dx + y * dy) / (dx * dx + dy * dy))) : 0;
    return Math.hypot(x + along * dx, y + along * dy);
  }

  // A grid's outline is parts of rings of [lat, lon], the first ring of a part its shell.
  jiexiang.measure = (place, outline) => {
    const flat = planeAt(place);
    let inside = false;
    let metres = Infinity;
    outline.forEach((rings) => {
      const plane = rings.map((ring) => ring.map(flat));
      if (inRing(plane[0]) && !plane.slice(1).some(inRing)) inside = true;
      plane.forEach((ring) =>
        ring.forEach((point, at) => {
          metres = Math.min(metres, toSegment(point, ring[(at + 1) % ring.length]));
        })
      );
    });
    return { inside, metres };
  };

  // What can be said of a position {place, accuracy} among own grids and their neighbours:
  // {grid, own, metres, sure, poor}; grid is null where it lies in none of them, metres then lead to the nearest own grid.
  jiexiang.locate = (position, own, neighbours) => {
    const measured = (grids) => grids.map((grid) => ({ grid, ...jiexiang.measure(position.place, grid.outline) }));
    const mine = measured(own);
    const nearest = mine.reduce((one, other) => (other.metres < one.metres ? other : one));
    const poor = position.accuracy > POOR_M;
    const home = mine.find((one) => one.inside);
    if (home) return { grid: home.grid, own: true, metres: home.metres, sure: home.metres > position.accuracy, poor };
    const next = measured(neighbours).find((one) => one.inside);
    return {
      grid: next ? next.grid : null,
      own: false,
      near: nearest.grid,
      metres: nearest.metres,
      sure: nearest.metres > position.accuracy,
      poor,
    };
  };

  // Browsers give WGS 84, which agrees with CGCS2000 to centimetres. Some phones' own maps hand over GCJ-02 instead; a county
  // that embeds the page in such an app says so, and the shift is taken back here (the published approximation, iterated).
  const AXIS = 6378245;
  const EE = 0.00669342162296594323;
  function shift([lat, lon]) {
    const [x, y] = [lon - 105, lat - 35];
    const { sin, sqrt, abs, PI } = Math;
    const wave = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * (2 / 3);
    let dy = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave;
    dy += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3 + ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
    let dx = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave;
    dx += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3 + ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
    const radians = (lat / 180) * PI;
    const magic = 1 - EE * sin(radians) ** 2;
    return [
      (dy * 180) / (((AXIS * (1 - EE)) / (magic * sqrt(magic))) * PI),
      (dx * 180) / ((AXIS / sqrt(magic)) * Math.cos(radians) * PI),
    ];
  }
  jiexiang.fromGcj02 = ([lat, lon]) => {
    let place = [lat, lon];
    for (let turn = 0; turn < 4; turn++) {
      const [dy, dx] = shift(place);
      place = [lat - dy, lon - dx];
    }
    return place;
  };
})();
