// Conditions as domain/conditions.py means them; tests/conditions.json holds both to it.

const listed = (given) => (Array.isArray(given) ? given : [given]);
const known = (value) => (value === undefined ? null : value);
const isNumber = (value) => typeof value === "number";
const isObject = (value) => typeof value === "object" && value !== null;

export function isTrue(value) {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

const equal = (one, other) => !isObject(one) && one === other;

const comparable = (one, other) =>
  typeof one === typeof other && (isNumber(one) || typeof one === "string");

const between = (holds) => (...values) =>
  values.slice(1).every((value, i) => comparable(values[i], value) && holds(values[i], value));

const computed = (compute) => (...values) => {
  const found = values.every(isNumber) ? compute(...values) : null;
  return Number.isFinite(found) ? found : null;
};

function inside(one, place) {
  if (Array.isArray(place)) return place.some((each) => equal(one, each));
  return typeof place === "string" && typeof one === "string" && place.includes(one);
}

const written = (value) => (isNumber(value) || typeof value === "string" ? String(value) : "");

const VALUES = {
  "==": equal,
  "===": equal,
  "!=": (one, other) => !equal(one, other),
  "!==": (one, other) => !equal(one, other),
  "!": (value) => !isTrue(value),
  "!!": isTrue,
  in: inside,
  "<": between((one, other) => one < other),
  "<=": between((one, other) => one <= other),
  ">": between((one, other) => one > other),
  ">=": between((one, other) => one >= other),
  "+": computed((...values) => values.reduce((one, other) => one + other)),
  "-": computed((one, other) => (other === undefined ? -one : one - other)),
  "*": computed((...values) => values.reduce((one, other) => one * other)),
  "/": computed((one, other) => one / other),
  "%": computed((one, other) => one % other),
  min: computed(Math.min),
  max: computed(Math.max),
  cat: (...values) => values.map(written).join(""),
};

function lookUp(path, otherwise, answers) {
  const [name, ...rest] = path.split(".");
  const found = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (!rest.length) return known(found === undefined ? otherwise : found);
  const part = rest.join(".");
  const has = isObject(found) && !Array.isArray(found) && Object.hasOwn(found, part);
  return known(has ? found[part] : otherwise);
}

// The value of `rule` for these answers, {item: answer}.
export function evaluate(rule, answers) {
  if (Array.isArray(rule)) return rule.map((part) => evaluate(part, answers));
  if (!isObject(rule)) return known(rule);
  const [[operator, given]] = Object.entries(rule);
  const operands = listed(given);
  const value = (operand) => evaluate(operand, answers);
  if (operator === "var") return lookUp(operands[0], operands[1], answers);
  if (operator === "missing") {
    const names = operands.map(value).filter((name) => typeof name === "string");
    return names.filter((name) => lookUp(name.replaceAll(".", "\0"), null, answers) === null);
  }
  if (operator === "and" || operator === "or") {
    let found;
    for (const operand of operands) {
      found = value(operand);
      if (isTrue(found) === (operator === "or")) break;
    }
    return found;
  }
  if (operator === "if") {
    let place = 0;
    while (place + 1 < operands.length && !isTrue(value(operands[place]))) place += 2;
    if (place + 1 < operands.length) return value(operands[place + 1]);
    return place < operands.length ? value(operands[place]) : null;
  }
  return VALUES[operator](...operands.map(value));
}
