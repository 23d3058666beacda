// "The boundary looks wrong here": notes are kept on the phone until the service has taken them, each exactly once.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const KEY = "jiexiang.notes";
  const read = () => JSON.parse(localStorage.getItem(KEY) || "[]");
  const write = (notes) => localStorage.setItem(KEY, JSON.stringify(notes));

  // address takes one note by POST; onChange hears how many wait and how many the service would not have.
  jiexiang.Notes = class {
    constructor(address, token, onChange) {
      Object.assign(this, { address, token, onChange, sending: false });
      window.addEventListener("online", () => this.send());
      this.send();
    }

    add(note) {
      write([...read(), { ...note, id: crypto.randomUUID(), noted_at: new Date().toISOString() }]);
      return this.send();
    }

    // One after the other, so that a note is never sent twice; the id lets the service recognise one it has already.
    async send() {
      this.tell();
      if (this.sending) return;
      this.sending = true;
      try {
        for (let [note] = read(); note; [note] = read()) {
          const answer = await fetch(this.address, {
            method: "POST",
            credentials: "same-origin",
            headers: { "Content-Type": "application/json", "X-CSRF-Token": this.token },
            body: JSON.stringify(note),
          });
          if (answer.status === 401 || answer.status >= 500 || answer.status === 429) break; // later, after signing in or a pause
          write(read().filter((other) => other.id !== note.id));
          if (!answer.ok) this.refused = (this.refused || 0) + 1;
          this.tell();
        }
      } catch (fault) {
        if (!(fault instanceof TypeError)) throw fault; // fetch says so when there is no signal: the notes wait
      } finally {
        this.sending = false;
      }
    }

    tell() {
      this.onChange({ waiting: read().length, refused: this.refused || 0 });
    }
  };
})();
