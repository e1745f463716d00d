package fakeidp

// checkClientTenant refuses unknown clients, and single-tenant ones elsewhere.
func checkClientTenant(client *Client, id string, at authority) *Error {
	switch {
	case client == nil, client.TenantID != "" && at.tenant != nil && at.tenant.ID != client.TenantID:
		return newError(700016, "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", clip(id), at.segment)
	case client.TenantID != "" && at.tenant == nil:
		return newError(50194, "Application '%s' is not configured as a multi-tenant application. Usage of the /%s endpoint is not supported for such apps. Use a tenant-specific endpoint or configure the application to be multi-tenant.", client.ID, at.segment)
	}
	return nil
}
