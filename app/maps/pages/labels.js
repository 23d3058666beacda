// Labels on one canvas: as many as fit, and never markup.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const FONT = '"PingFang SC","HarmonyOS Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif';
  const LINE = 1.2; // height of a line in letter sizes
  const GAP = 3; // pixels kept free around a label

  // choose(map) gives labels, the more important ones first: {at: [lat, lon], forms, room, upright, angle, beside}. Of its
  // forms, each some lines {text, size, bold, colour}, the first is drawn that is no longer than the room and meets no
  // earlier label; `upright` measures its height, not its width; `angle` turns it, `beside` moves it off its place.
  jiexiang.Labels = L.Layer.extend({
    initialize(choose) {
      this._choose = choose;
    },

    onAdd(map) {
      this._canvas = L.DomUtil.create("canvas", "labels");
      this._canvas.setAttribute("aria-hidden", "true");
      map.getPane("labels").appendChild(this._canvas);
      this.redraw();
    },

    onRemove() {
      this._canvas.remove();
    },

    getEvents() {
      return { moveend: this.redraw, resize: this.redraw, zoomstart: this._hide };
    },

    _hide() {
      this._canvas.hidden = true;
    },

    redraw() {
      const map = this._map;
      const size = map.getSize();
      const ratio = window.devicePixelRatio || 1;
      const canvas = this._canvas;
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      canvas.hidden = false;
      L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));

      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.lineJoin = "round";
      const taken = [];
      this._choose(map).forEach((label) => {
        const point = map.latLngToContainerPoint(label.at);
        label.forms.some((lines) => {
          const box = measure(pen, lines, label, point);
          if (box.length > label.room || taken.some((other) => overlap(box, other))) return false;
          taken.push(box);
          draw(pen, lines, label, point, box);
          return true;
        });
      });
    },
  });

  const fontOf = (line) => `${line.bold ? 700 : 400} ${line.size}px ${FONT}`;

  // Numbers and names come again and again, and asking for a font is dear.
  const widths = new Map();
  function widthOf(pen, line) {
    const font = fontOf(line);
    const key = font + line.text;
    if (!widths.has(key)) {
      pen.font = font;
      widths.set(key, pen.measureText(line.text).width);
    }
    return widths.get(key);
  }

  function measure(pen, lines, label, point) {
    let width = 0;
    let height = 0;
    lines.forEach((line) => {
      width = Math.max(width, widthOf(pen, line));
      height += line.size * LINE;
    });
    const turn = (-(label.angle || 0) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const [right, down] = label.beside || [0, 0];
    const x = point.x + right * cos - down * sin;
    const y = point.y + right * sin + down * cos;
    const halfWidth = (Math.abs(width * cos) + Math.abs(height * sin)) / 2 + GAP;
    const halfHeight = (Math.abs(width * sin) + Math.abs(height * cos)) / 2 + GAP;
    return {
      x,
      y,
      turn,
      height,
      length: label.upright ? height : width,
      left: x - halfWidth,
      right: x + halfWidth,
      top: y - halfHeight,
      bottom: y + halfHeight,
    };
  }

  function overlap(one, other) {
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  }

  function draw(pen, lines, label, point, box) {
    let y = -box.height / 2;
    pen.save();
    pen.translate(box.x, box.y);
    pen.rotate(box.turn);
    lines.forEach((line) => {
      y += (line.size * LINE) / 2;
      pen.font = fontOf(line);
      pen.strokeStyle = "rgba(255,255,255,0.92)";
      pen.lineWidth = Math.max(3, line.size / 4.5);
      pen.strokeText(line.text, 0, y);
      pen.fillStyle = line.colour;
      pen.fillText(line.text, 0, y);
      y += (line.size * LINE) / 2;
    });
    pen.restore();
  }
})();
