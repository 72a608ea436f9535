// Elements from plain calls; nothing here takes HTML, so no text of a client can become any.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element: attributes as they are in HTML, `on…` for events, then what is in it. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return an SVG element. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else attribute(element, name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set an attribute if it is another one; null, undefined or false removes it. */
export function attribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Set the text if it is another one: a selection and a reader's place survive. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * Make the children of `parent` those of `items`, in their order: what is there already is updated,
 * so that focus and open details stay. `key` names an item, `create` makes its element, and
 * `update` shows the item in it.
 */
export function keyed(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = old.get(name);
    old.delete(name);
    if (!element) {
      element = create(item);
      element.dataset.key = name;
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    update(element, item);
  }
  for (const gone of old.values()) gone.remove();
}

/** Return an element of this page by its id. */
export function byId(id) {
  return document.getElementById(id);
}
