// Tables that sort.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make } = jiexiang;

  // Make a table with a body for each row, so that a note can follow the row.
  // A column is {label, value(row), show(row), under, number}; the first column holds the button that picks a row, and
  // `under` is a second {label, value} in smaller letters. note(row) is a text or empty; pick(row) answers a click in a row.
  jiexiang.makeTable = (caption, columns, rows, note, pick) => {
    const kind = (column) => ({ class: column.number ? "number" : "text" });
    const heads = make("tr");
    const table = make("table", {}, [make("caption", {}, caption), make("thead", {}, heads)]);
    columns.forEach((column) => {
      const sorters = [column].concat(column.under || []);
      const buttons = sorters.map((by) =>
        make("button", { type: "button", class: "sort", onclick: (event) => sortBy(by, event.currentTarget) }, by.label)
      );
      heads.append(make("th", { scope: "col", ...kind(column) }, buttons));
    });

    const bodies = rows.map((row) => {
      const cells = columns.map((column, place) => {
        const shown = column.show ? column.show(row) : column.value(row);
        if (place > 0) return make("td", kind(column), shown);
        const button = make("button", { type: "button", class: "pick" }, shown);
        return make("th", { scope: "row" }, [button, make("span", { class: "under" }, column.under.value(row))]);
      });
      const body = make("tbody", { onclick: () => pick(row) }, make("tr", {}, cells));
      if (note(row)) body.append(make("tr", { class: "note" }, make("td", { colspan: columns.length }, note(row))));
      table.append(body);
      return body;
    });

    let sorted = { by: null, down: false };
    function sortBy(by, button) {
      sorted = { by, down: sorted.by === by && !sorted.down };
      const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
      const ordered = rows.map((row, place) => ({ value: by.value(row), body: bodies[place] }));
      ordered.sort((one, other) => {
        const up = typeof one.value === "number" ? one.value - other.value : compare(one.value, other.value);
        return sorted.down ? -up : up;
      });
      table.append(...ordered.map((row) => row.body));
      heads.querySelectorAll("[aria-sort]").forEach((head) => head.removeAttribute("aria-sort"));
      heads.querySelectorAll("[data-sorted]").forEach((other) => other.removeAttribute("data-sorted"));
      button.setAttribute("data-sorted", sorted.down ? "down" : "up");
      button.parentNode.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    }

    // Show only the rows that a test accepts, and say how many those are.
    table.keep = (accepts) => {
      bodies.forEach((body, place) => {
        body.hidden = !accepts(rows[place]);
      });
      return bodies.filter((body) => !body.hidden).length;
    };
    return table;
  };
})();
