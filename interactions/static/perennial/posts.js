// Says so when older posts or threads could not be loaded; the link stays and can be pressed again.

const failed = (event) => {
  const notice = event.target.closest?.(".post-older")?.querySelector("[role=alert]");
  if (notice) notice.hidden = event.type === "htmx:beforeRequest";
};
for (const name of ["htmx:beforeRequest", "htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, failed);
