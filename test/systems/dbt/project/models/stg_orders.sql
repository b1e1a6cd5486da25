select id, customer, amount, loaded_at from {{ source('raw', 'raw_orders') }}
