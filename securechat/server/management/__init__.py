"""The operations of securechat-admin and of the IRC command MANAGE: a module for each family of them."""
