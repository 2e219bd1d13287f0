// The little that plain HTML cannot do. Every page works without it.
"use strict";

// "/" goes to the search, as in other tools that people use all day.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const search = document.getElementById("q");
  if (event.key === "/" && search && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  }
});

// A box that ticks all boxes of its table.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    const boxes = event.target.closest("form, table").querySelectorAll("input[type=checkbox]:not([data-all])");
    boxes.forEach((box) => { box.checked = event.target.checked; });
  }
});

// A box that leaves of a list only what holds what is typed.
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-sieve]")) {
    const sought = event.target.value.trim().toLowerCase();
    document.getElementById(event.target.dataset.sieve).querySelectorAll("li").forEach((line) => {
      line.hidden = !line.textContent.toLowerCase().includes(sought);
    });
  }
});

// Up and down go from row to row in a table of links; Enter opens one, as everywhere.
document.addEventListener("keydown", (event) => {
  const table = event.target.closest("[data-arrows]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (table && step && event.target.matches("th a")) {
    const links = [...table.querySelectorAll("th a")];
    const next = links[links.indexOf(event.target) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }
});
