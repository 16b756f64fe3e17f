// A library in the older module format, as many vendors' clients are.
const http = require("http");

exports.postThroughLibrary = (host, text) =>
  new Promise((resolve) => {
    const request = http.request(`http://${host}/`, { method: "POST" }, resolve);
    request.on("error", resolve);
    request.end(text);
  });
