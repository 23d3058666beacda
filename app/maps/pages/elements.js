// Elements with text: text is only ever put in place as text, never as markup.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // Make an element: children are nodes or texts, attributes that start with "on" are listeners.
  jiexiang.make = (tag, attributes = {}, children = []) => {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    });
    element.append(...[].concat(children));
    return element;
  };
})();
