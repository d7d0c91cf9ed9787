"use strict";

window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#openapi",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    persistAuthorization: false,
    // The page has a main part already; a second one would make both useless as a landmark.
    onComplete: () => document.querySelector("#openapi main").setAttribute("role", "group"),
  });
});
