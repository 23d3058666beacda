// Blocks of data as app/maps/packing.py packs them: values, and columns of whole numbers.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  function readLetters(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const letters = window.atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let place = 0; place < bytes.length; place += 1) bytes[place] = letters.charCodeAt(place);
    return bytes;
  }

  async function inflate(bytes) {
    if (!window.DecompressionStream) return jiexiang.inflate(bytes);
    const stream = new DecompressionStream("deflate");
    const writer = stream.writable.getWriter();
    writer.write(bytes);
    writer.close();
    return new Uint8Array(await new Response(stream.readable).arrayBuffer());
  }

  // Resolve to {values, columns}; a column is an Int32Array.
  jiexiang.unpack = async (text) => {
    const bytes = await inflate(readLetters(text));
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
    let at = 4 + size;
    const columns = {};
    head.columns.forEach(([name, count, width]) => {
      const column = (columns[name] = new Int32Array(count));
      for (let plane = 0; plane < width; plane += 1) {
        for (let place = 0; place < count; place += 1) column[place] |= bytes[at++] << (8 * plane);
      }
      for (let place = 0; place < count; place += 1) column[place] = (column[place] >>> 1) ^ -(column[place] & 1);
    });
    return { values: head.values, columns };
  };

  // Objects from columns of values of the same length.
  jiexiang.readRows = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, place) => Object.fromEntries(names.map((name) => [name, columns[name][place]])));
  };

  // Points [longitude, latitude] from the columns nameX and nameY, each the move from the one before.
  jiexiang.readPoints = (columns, name, stepsPerDegree) => {
    const [moveX, moveY] = [columns[name + "X"], columns[name + "Y"]];
    let [x, y] = [0, 0];
    return Array.from(moveX, (move, place) => [(x += move) / stepsPerDegree, (y += moveY[place]) / stepsPerDegree]);
  };
})();
