"""The embedded CRM."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crm_customers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("born", sa.Date(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("card_until", sa.Date(), nullable=True),
        sa.Column("card_declined", sa.Boolean(), nullable=False),
        sa.Column("fee_waived", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_customers")),
    )
    op.create_index(op.f("ix_crm_customers_folded"), "crm_customers", ["folded"])
    op.create_index(op.f("ix_crm_customers_phone"), "crm_customers", ["phone"])

    op.create_table(
        "crm_done",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_crm_done")),
    )
    op.create_table(
        "crm_appointments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customers.id"], name=op.f("fk_crm_appointments_customer_id_crm_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_appointments")),
    )
    op.create_index(op.f("ix_crm_appointments_customer_id"), "crm_appointments", ["customer_id"])

    op.create_table(
        "crm_bills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("issued", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("late_fee", sa.Integer(), nullable=False),
        sa.Column("paid", sa.Integer(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customers.id"], name=op.f("fk_crm_bills_customer_id_crm_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_bills")),
    )
    op.create_index(op.f("ix_crm_bills_customer_id"), "crm_bills", ["customer_id"])

    op.create_table(
        "crm_memos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("written", sa.DateTime(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customers.id"], name=op.f("fk_crm_memos_customer_id_crm_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_memos")),
    )
    op.create_index(op.f("ix_crm_memos_customer_id"), "crm_memos", ["customer_id"])

    op.create_table(
        "crm_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("placed", sa.Date(), nullable=False),
        sa.Column("shipped", sa.Date(), nullable=True),
        sa.Column("expected", sa.Date(), nullable=True),
        sa.Column("delivered", sa.Date(), nullable=True),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customers.id"], name=op.f("fk_crm_orders_customer_id_crm_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_orders")),
    )
    op.create_index(op.f("ix_crm_orders_customer_id"), "crm_orders", ["customer_id"])

    op.create_table(
        "crm_tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("opened", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("callback", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["crm_customers.id"], name=op.f("fk_crm_tickets_customer_id_crm_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_tickets")),
    )
    op.create_index(op.f("ix_crm_tickets_customer_id"), "crm_tickets", ["customer_id"])

    op.create_table(
        "crm_order_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["crm_orders.id"], name=op.f("fk_crm_order_lines_order_id_crm_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_order_lines")),
    )
    op.create_index(op.f("ix_crm_order_lines_order_id"), "crm_order_lines", ["order_id"])

    op.create_table(
        "crm_payments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bill_id", sa.Integer(), nullable=False),
        sa.Column("made", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["crm_bills.id"], name=op.f("fk_crm_payments_bill_id_crm_bills")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_payments")),
    )
    op.create_index(op.f("ix_crm_payments_bill_id"), "crm_payments", ["bill_id"])

    op.create_table(
        "crm_returns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("send_by", sa.Date(), nullable=False),
        sa.Column("refund", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["crm_orders.id"], name=op.f("fk_crm_returns_order_id_crm_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_returns")),
    )
    op.create_index(op.f("ix_crm_returns_order_id"), "crm_returns", ["order_id"])

    op.create_table(
        "crm_slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("staff", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["crm_appointments.id"], name=op.f("fk_crm_slots_appointment_id_crm_appointments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_slots")),
    )
    op.create_index(op.f("ix_crm_slots_appointment_id"), "crm_slots", ["appointment_id"])
    op.create_index(op.f("ix_crm_slots_starts_staff"), "crm_slots", ["starts", "staff"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_crm_slots_starts_staff"), "crm_slots")
    op.drop_index(op.f("ix_crm_slots_appointment_id"), "crm_slots")

    op.drop_table("crm_slots")
    op.drop_index(op.f("ix_crm_returns_order_id"), "crm_returns")

    op.drop_table("crm_returns")
    op.drop_index(op.f("ix_crm_payments_bill_id"), "crm_payments")

    op.drop_table("crm_payments")
    op.drop_index(op.f("ix_crm_order_lines_order_id"), "crm_order_lines")

    op.drop_table("crm_order_lines")
    op.drop_index(op.f("ix_crm_tickets_customer_id"), "crm_tickets")

    op.drop_table("crm_tickets")
    op.drop_index(op.f("ix_crm_orders_customer_id"), "crm_orders")

    op.drop_table("crm_orders")
    op.drop_index(op.f("ix_crm_memos_customer_id"), "crm_memos")

    op.drop_table("crm_memos")
    op.drop_index(op.f("ix_crm_bills_customer_id"), "crm_bills")

    op.drop_table("crm_bills")
    op.drop_index(op.f("ix_crm_appointments_customer_id"), "crm_appointments")

    op.drop_table("crm_appointments")
    op.drop_table("crm_done")
    op.drop_index(op.f("ix_crm_customers_phone"), "crm_customers")
    op.drop_index(op.f("ix_crm_customers_folded"), "crm_customers")

    op.drop_table("crm_customers")
