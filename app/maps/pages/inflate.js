// Inflate (RFC 1950 and 1951) for browsers that cannot by themselves, as Safari before 16.4 and Firefox before 113.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const END = 256;
  const DAMAGED = "the data of this page is damaged";

  // Least values and extra bits of lengths, which stand for 257 and on, and of distances.
  const ladder = (least, bits) => bits.map((extra) => ({ least: (least += 2 ** extra) - 2 ** extra, extra }));
  const steps = (each, most) => Array.from({ length: each * (most + 1) }, (_, place) => Math.floor(place / each));
  const LENGTHS = [...ladder(3, [0, 0, 0, 0, ...steps(4, 5)]), { least: 258, extra: 0 }];
  const DISTANCES = ladder(1, [0, 0, ...steps(2, 13)]);

  // A code from the length of each symbol's word: how many words there are of each length, and the symbols in their order.
  function makeCode(lengths) {
    const counts = new Uint16Array(16);
    lengths.forEach((length) => (counts[length] += length ? 1 : 0));
    const symbols = Array.from(lengths.keys()).filter((symbol) => lengths[symbol]);
    return { counts, symbols: symbols.sort((one, other) => lengths[one] - lengths[other] || one - other) };
  }
  const FIXED = [
    makeCode(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8))),
    makeCode(new Array(30).fill(5)),
  ];

  // Return what zlib has put into the bytes; its checksum is not looked at.
  jiexiang.inflate = (bytes) => {
    let at = 2; // after the head of zlib
    let held = 0;
    let bits = 0;
    let out = new Uint8Array(bytes.length * 4);
    let size = 0;

    function take(count) {
      while (bits < count) {
        if (at >= bytes.length) throw new Error(DAMAGED);
        held |= bytes[at++] << bits;
        bits += 8;
      }
      const value = held & ((1 << count) - 1);
      held >>>= count;
      bits -= count;
      return value;
    }
    function read({ counts, symbols }) {
      let word = 0;
      let first = 0;
      let place = 0;
      for (let length = 1; length < 16; length += 1) {
        word |= take(1);
        if (word - first < counts[length]) return symbols[place + word - first];
        place += counts[length];
        first = (first + counts[length]) << 1;
        word <<= 1;
      }
      throw new Error(DAMAGED);
    }
    function put(byte) {
      if (size === out.length) {
        const larger = new Uint8Array(size * 2);
        larger.set(out);
        out = larger;
      }
      out[size++] = byte;
    }
    function copyStored() {
      held = bits = 0;
      const count = bytes[at] | (bytes[at + 1] << 8);
      at += 4; // the length and its complement
      for (const end = at + count; at < end; at += 1) put(bytes[at]);
    }
    function readCodes() {
      const [literals, distances, given] = [take(5) + 257, take(5) + 1, take(4) + 4];
      const short = new Array(19).fill(0);
      ORDER.slice(0, given).forEach((symbol) => (short[symbol] = take(3)));
      const code = makeCode(short);
      const lengths = [];
      while (lengths.length < literals + distances) {
        const symbol = read(code);
        if (symbol < 16) lengths.push(symbol);
        else if (symbol === 16) lengths.push(...new Array(take(2) + 3).fill(lengths[lengths.length - 1]));
        else lengths.push(...new Array(symbol === 17 ? take(3) + 3 : take(7) + 11).fill(0));
      }
      return [makeCode(lengths.slice(0, literals)), makeCode(lengths.slice(literals))];
    }
    function copyCoded([literal, distance]) {
      for (let symbol = read(literal); symbol !== END; symbol = read(literal)) {
        if (symbol < END) {
          put(symbol);
        } else {
          const run = LENGTHS[symbol - 257];
          const length = run.least + take(run.extra);
          const back = DISTANCES[read(distance)];
          const from = size - back.least - take(back.extra);
          for (let place = 0; place < length; place += 1) put(out[from + place]);
        }
      }
    }

    let last = false;
    while (!last) {
      last = take(1) === 1;
      const kind = take(2);
      if (kind === 0) copyStored();
      else copyCoded(kind === 1 ? FIXED : readCodes());
    }
    return out.subarray(0, size);
  };
})();
