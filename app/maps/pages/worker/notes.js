// "The boundary looks wrong here": notes are kept on the phone until the service has taken them, each exactly once.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  const KEY = "jiexiang.notes";
  const LATER = [401, 409, 429]; // after signing in, when others are dealt with, or after a pause
  const read = () => JSON.parse(localStorage.getItem(KEY) || "[]");
  const write = (notes) => localStorage.setItem(KEY, JSON.stringify(notes));
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // address takes one note by POST; onChange hears how many wait and how many the service would not have.
  jiexiang.Notes = class {
    constructor(address, onChange) {
      Object.assign(this, { address, onChange, refused: 0, sending: null });
      window.addEventListener("online", () => this.send());
      this.send();
    }

    // Keep a note and try to send it; tells whether the service has it.
    async add(note) {
      const kept = { ...note, id: newId(), noted_at: new Date().toISOString() };
      write([...read(), kept]);
      await this.sending; // one that is under way may have looked before this note was there
      const refused = this.refused;
      await this.send();
      return this.refused === refused && !read().some((other) => other.id === kept.id);
    }

    send() {
      this.sending = this.sending || this.sendAll().finally(() => (this.sending = null));
      return this.sending;
    }

    // One after the other, so that a note is never sent twice; the id lets the service recognise one it has already.
    async sendAll() {
      this.tell();
      try {
        for (let [note] = read(); note; [note] = read()) {
          const answer = await fetch(this.address, {
            method: "POST",
            credentials: "same-origin",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(note),
          });
          if (LATER.includes(answer.status) || answer.status >= 500) break;
          write(read().filter((other) => other.id !== note.id));
          if (!answer.ok) this.refused += 1;
          this.tell();
        }
      } catch (fault) {
        if (!(fault instanceof TypeError)) throw fault; // fetch says so when there is no signal: the notes wait
      }
    }

    tell() {
      this.onChange({ waiting: read().length, refused: this.refused });
    }
  };
})();
