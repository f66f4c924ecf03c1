// Tells the other scripts that a request of htmx has failed.

const EVENTS = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];

// When the server cannot be reached, htmx tells the element that sent the request. When another response has removed that
// element, the document does not hear of it.
const onUnreachableForRemovedElement = (listener) => {
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const tell = () => {
      if (!detail.requestConfig.elt.isConnected) listener({ detail });
    };
    for (const name of ["error", "timeout"]) detail.xhr.addEventListener(name, tell);
  });
};

/** Call `listener` with the event when the server answers with an error, cannot be reached, or does not answer in time. */
export const onRequestFailed = (listener) => {
  for (const name of EVENTS) document.addEventListener(name, listener);
  onUnreachableForRemovedElement(listener);
};
