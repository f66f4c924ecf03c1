// Says so when older posts or threads could not be loaded; the link stays and can be pressed again.

import { onRequestFailed } from "./request-failures.js";

const setNoticeHidden = (event, isHidden) => {
  const notice = event.target.closest?.(".post-older")?.querySelector("[role=alert]");
  if (notice) notice.hidden = isHidden;
};
document.addEventListener("htmx:beforeRequest", (event) => setNoticeHidden(event, true));
onRequestFailed((event) => setNoticeHidden(event, false));
