// Shapes of many lines on a canvas: decoded and projected once, drawn from plain arrays, whatever the zoom.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const THIN = 0.6; // pixels; a vertex closer to the last one that was drawn is passed over

  // A line is {xy, west, north, east, south} in pixels of the whole world at zoom 0; xy has x and y in turn.
  function makeLine(xy) {
    const line = { xy, west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
    for (let at = 0; at < xy.length; at += 2) {
      line.west = Math.min(line.west, xy[at]);
      line.east = Math.max(line.east, xy[at]);
      line.north = Math.min(line.north, xy[at + 1]);
      line.south = Math.max(line.south, xy[at + 1]);
    }
    return line;
  }

  // As Leaflet's EPSG3857 does.
  function project(xy, at, longitude, latitude) {
    const sine = Math.sin((latitude * Math.PI) / 180);
    xy[at] = 128 * (longitude / 180 + 1);
    xy[at + 1] = 128 - (64 / Math.PI) * Math.log((1 + sine) / (1 - sine));
  }

  // Lines from the columns nameX, nameY and nameLength: each vertex is the move from the one before, be it of another line.
  jiexiang.readLines = (columns, name, stepsPerDegree) => {
    const [moveX, moveY] = [columns[name + "X"], columns[name + "Y"]];
    let [x, y, from] = [0, 0, 0];
    return Array.from(columns[name + "Length"], (length) => {
      const xy = new Float64Array(length * 2);
      for (let place = 0; place < length; place += 1, from += 1) {
        x += moveX[from];
        y += moveY[from];
        project(xy, place * 2, x / stepsPerDegree, y / stepsPerDegree);
      }
      return makeLine(xy);
    });
  };

  // A line from a flat list: x and y of the first vertex, then the move to each next one.
  jiexiang.readLine = (flat, stepsPerDegree) => {
    const [moveX, moveY] = [0, 1].map((axis) => flat.filter((_, at) => at % 2 === axis));
    return jiexiang.readLines({ lineX: moveX, lineY: moveY, lineLength: [moveX.length] }, "line", stepsPerDegree)[0];
  };

  // Lines of arcs: `uses` has how many arcs each line consists of, `use` which they are (app/maps/arcs.py).
  jiexiang.joinArcs = (arcs, use, uses) => {
    let [met, at] = [0, 0];
    function next() {
      const back = use[at++];
      return back === 0 ? [arcs[met++].xy, false] : [arcs[met - Math.abs(back)].xy, back < 0];
    }
    return Array.from(uses, (count) => {
      const pieces = Array.from({ length: count }, next);
      const xy = new Float64Array(2 + pieces.reduce((sum, [piece]) => sum + piece.length - 2, 0));
      let end = 0;
      pieces.forEach(([piece, backwards]) => {
        for (let place = 0; place < piece.length; place += 2) {
          const from = backwards ? piece.length - 2 - place : place;
          xy[end + place] = piece[from];
          xy[end + place + 1] = piece[from + 1];
        }
        end += piece.length - 2; // the next piece begins where this one ends
      });
      return makeLine(xy);
    });
  };

  jiexiang.boundsOf = (map, lines) => {
    const bounds = L.latLngBounds([]);
    lines.forEach(({ west, north, east, south }) => {
      bounds.extend(map.unproject([west, north], 0)).extend(map.unproject([east, south], 0));
    });
    return bounds;
  };

  // All lines as one path; with `closed` they are rings, and what lies within an even number of them is not filled.
  jiexiang.Shape = L.Path.extend({
    initialize(lines, options) {
      L.setOptions(this, options);
      this._lines = lines;
    },

    _project() {
      const [scale, origin] = [this._scale(), this._map.getPixelOrigin()];
      this._rawBounds = L.bounds([]);
      this._lines.forEach(({ west, north, east, south }) => {
        this._rawBounds.extend([west * scale - origin.x, north * scale - origin.y]);
        this._rawBounds.extend([east * scale - origin.x, south * scale - origin.y]);
      });
      this._updateBounds();
    },

    _updateBounds() {
      const { min, max } = this._rawBounds;
      const reach = L.point(1, 1).multiplyBy(this._clickTolerance());
      if (min) this._pxBounds = L.bounds(min.subtract(reach), max.add(reach));
    },

    _update() {}, // there is nothing to be clipped or simplified before it is drawn

    _updatePath() {
      const { _ctx: pen, _bounds: seen, _drawing: drawing } = this._renderer;
      if (!drawing) return;
      const [scale, origin] = [this._scale(), this._map.getPixelOrigin()];
      const reach = this.options.stroke ? this.options.weight : 0;
      const [west, north] = [(seen.min.x + origin.x - reach) / scale, (seen.min.y + origin.y - reach) / scale];
      const [east, south] = [(seen.max.x + origin.x + reach) / scale, (seen.max.y + origin.y + reach) / scale];
      pen.beginPath();
      this._lines.forEach((line) => {
        if (line.east < west || line.west > east || line.south < north || line.north > south) return;
        drawLine(pen, line.xy, scale, origin);
        if (this.options.closed) pen.closePath();
      });
      this._renderer._fillStroke(pen, this);
    },

    _containsPoint(point) {
      const at = point.add(this._map.getPixelOrigin()).divideBy(this._scale());
      return this._lines.reduce((inside, line) => inside !== surrounds(line, at), false);
    },

    _scale() {
      return this._map.getZoomScale(this._map.getZoom(), 0);
    },
  });

  function drawLine(pen, xy, scale, origin) {
    let [x, y] = [xy[0] * scale - origin.x, xy[1] * scale - origin.y];
    pen.moveTo(x, y);
    for (let at = 2; at < xy.length; at += 2) {
      const [toX, toY] = [xy[at] * scale - origin.x, xy[at + 1] * scale - origin.y];
      if (at + 2 < xy.length && Math.abs(toX - x) < THIN && Math.abs(toY - y) < THIN) continue;
      [x, y] = [toX, toY];
      pen.lineTo(x, y);
    }
  }

  function surrounds({ xy, west, north, east, south }, { x, y }) {
    if (x < west || x > east || y < north || y > south) return false;
    let inside = false;
    for (let at = 0, before = xy.length - 2; at < xy.length; before = at, at += 2) {
      const [x1, y1, x2, y2] = [xy[before], xy[before + 1], xy[at], xy[at + 1]];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
    return inside;
  }
})();
