// Gives the stage what a notebook would: a model that sends and receives, here over a websocket.
import stage from "./stage.js";

const main = document.querySelector("main"), heard = {};
const model = { get: (name) => model[name], on: (event, hear) => { heard[event] = hear; } };

function unpack(packed) {
  const length = new DataView(packed).getUint32(0, true);
  return [JSON.parse(new TextDecoder().decode(packed.slice(4, 4 + length))), new DataView(packed, 4 + length)];
}

function connect() {
  const live = new WebSocket(`${location.origin.replace("http", "ws")}/live/${main.dataset.demo}`);
  live.binaryType = "arraybuffer";
  model.send = (request) => live.send(JSON.stringify(request));
  live.onmessage = ({ data }) => {
    const [message, numbers] = unpack(data);
    if (!message.html) return heard["msg:custom"](message, [numbers]);
    if (!model.html) {
      Object.assign(model, { html: message.html, opening: { message, data: numbers } });
      return stage.render({ model, el: main });
    }
    document.body.classList.remove("lost");
    heard["msg:custom"]({ error: "", note: "", flying: 0 }, []);
    main.querySelector("form").oninput();
  };
  live.onclose = () => { document.body.classList.add("lost"); setTimeout(connect, 1000); };
}

// The keys of a presenter's clicker; on a slider they move it.
document.onkeydown = ({ key }) => {
  const rel = { PageUp: "prev", PageDown: "next" }[key];
  if (rel && !document.activeElement.closest("form")) document.querySelector(`nav [rel=${rel}]`).click();
};

connect();
