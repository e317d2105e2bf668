import type { NewCheckout } from "../api/client";
import { Field, Select } from "../ui/field";
import { COUNTRIES } from "./countries";
import { errorOf } from "./refusal";

/** The fields by their names in the request, with what browsers fill them in with. */
const FIELDS = [
  { name: "delivery.name", label: "Name", autoComplete: "shipping name", maxLength: 200 },
  { name: "delivery.street", label: "Street and number", autoComplete: "shipping street-address", maxLength: 200 },
  { name: "delivery.postal_code", label: "Postal code", autoComplete: "shipping postal-code", maxLength: 20 },
  { name: "delivery.city", label: "City", autoComplete: "shipping address-level2", maxLength: 200 },
] as const;
const COUNTRY = { name: "delivery.country", label: "Country" } as const;

/** Every field of a delivery. */
export const DELIVERY_FIELDS: readonly string[] = [...FIELDS, COUNTRY].map(({ name }) => name);

/** What is filled in in a form with {@link AddressFields}. */
export function readAddress(form: FormData): NewCheckout["delivery"] {
  const text = (name: (typeof FIELDS)[number]["name"] | typeof COUNTRY.name) => String(form.get(name));
  return {
    name: text("delivery.name"),
    street: text("delivery.street"),
    city: text("delivery.city"),
    postal_code: text("delivery.postal_code"),
    country: text("delivery.country"),
  };
}

/** Where an order goes; `error` may be about a field. */
export function AddressFields({ error }: { error: unknown }) {
  return (
    <fieldset className="flex flex-col gap-4">
      <legend className="mb-3 text-lg font-semibold">Delivery</legend>
      {FIELDS.map((field) => (
        <Field key={field.name} {...field} required error={errorOf(error, field.name, field.label)} />
      ))}
      <Select
        {...COUNTRY}
        autoComplete="shipping country"
        required
        defaultValue=""
        error={errorOf(error, COUNTRY.name, COUNTRY.label)}
      >
        <option value="" disabled>
          Choose…
        </option>
        {COUNTRIES.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </Select>
    </fieldset>
  );
}
