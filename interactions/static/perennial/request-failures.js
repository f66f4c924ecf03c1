// Tells the other scripts that a request of htmx has failed.

const EVENTS = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];

/** Call `listener` with the event when the server answers with an error, cannot be reached, or does not answer in time. */
export const onRequestFailed = (listener) => {
  for (const name of EVENTS) document.addEventListener(name, listener);
};
