"use strict";
// The journal: every answer is an event that is never changed. What is said to be saved is on the disk: a transaction
// with strict durability has completed, which a killed browser does not lose (local storage does, for up to a minute).
const journal = {
  database: null,

  open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(`listening-${KIT.test}`, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("events", { keyPath: ["session", "seq"] });
        request.result.createObjectStore("sessions", { keyPath: "session" });
      };
      request.onerror = () => reject(request.error);
      request.onsuccess = () => { this.database = request.result; this.probe().then(resolve, reject); };
    });
  },

  // Runs `work` on the stores; resolves with what its request found once all of it is on the disk.
  within(mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(["events", "sessions"], mode, { durability: "strict" });
      const request = work(transaction.objectStore("events"), transaction.objectStore("sessions"));
      transaction.oncomplete = () => resolve(request && request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  },

  // Fails where nothing can be written, which some browsers tell no sooner.
  probe() {
    return this.within("readwrite", (_, sessions) => {
      sessions.put({ session: "", space: " ".repeat(65536) });
      return sessions.delete("");
    });
  },

  // `add`, not `put`: what has a number is never written over.
  add(event) { return this.within("readwrite", (events) => events.add(event)); },
  note(session) { return this.within("readwrite", (_, sessions) => sessions.put(session)); },
  sessions() { return this.within("readonly", (_, sessions) => sessions.getAll()); },
  events(session) {
    return this.within("readonly", (events) => events.getAll(IDBKeyRange.bound([session], [session, []])));
  },
};

function randomHex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A version-4 UUID without dashes.
function eventId() {
  const digits = [...randomHex(16)];
  digits[12] = "4";
  digits[16] = "89ab"[parseInt(digits[16], 16) % 4];
  return digits.join("");
}
