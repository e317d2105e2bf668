import { Tabs } from "radix-ui";
import { Page } from "../ui/page";
import { AddCategory } from "./add-category";
import { AddProduct } from "./add-product";
import { AllOrders } from "./all-orders";
import { Mails } from "./mails/mails";
import { ProductTable } from "./product-table";

const TAB =
  "min-h-11 border-b-2 border-transparent px-4 text-sm font-semibold text-quiet data-[state=active]:border-accent data-[state=active]:text-ink";

export default function AdminPage() {
  return (
    <Page title="Admin">
      <Tabs.Root defaultValue="products">
        <Tabs.List aria-label="Admin" className="border-line mb-6 flex border-b">
          <Tabs.Trigger value="products" className={TAB}>
            Products
          </Tabs.Trigger>
          <Tabs.Trigger value="orders" className={TAB}>
            Orders
          </Tabs.Trigger>
          <Tabs.Trigger value="mails" className={TAB}>
            Mails
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="products" className="grid items-start gap-6 lg:grid-cols-[1fr_22rem]">
          <ProductTable />
          <div className="flex flex-col gap-6">
            <AddProduct />
            <AddCategory />
          </div>
        </Tabs.Content>
        <Tabs.Content value="orders">
          <AllOrders />
        </Tabs.Content>
        <Tabs.Content value="mails">
          <Mails />
        </Tabs.Content>
      </Tabs.Root>
    </Page>
  );
}
