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
